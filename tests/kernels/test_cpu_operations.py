"""The lane-block kernels against the float64 reference, operation by operation, on odd shapes and partial blocks."""

import inspect
from importlib import import_module

import numpy as np
import pytest

from dlab import kernels
from dlab.layout import LANES, blocks
from tests.kernels.arrays import numbers

CPU, REFERENCE = kernels.CPU(), kernels.Reference()
SAMPLES = 19  # one full block and three lanes of another


def lanes(x, margin=0):
    """[N, ...] as a lane-block buffer with a margin."""
    buffer = CPU.buffer(x.shape[1:], len(x), margin)
    full = np.zeros((blocks(len(x)) * LANES, *x.shape[1:]), np.float32)
    full[: len(x)] = x
    buffer.view()[...] = np.moveaxis(full.reshape(-1, LANES, *x.shape[1:]), 1, -1)
    return buffer


def room(*shape, kind=np.float32):
    """A poisoned output in lane blocks."""
    return np.full((blocks(SAMPLES), *shape, LANES), np.nan if kind is np.float32 else 99, kind)


def check_close(found, wanted, tolerance=2e-6):
    """Relative difference in the Euclidean norm; `found` may be lane blocks."""
    found = CPU.read(found, SAMPLES) if found.ndim > wanted.ndim else found
    assert np.linalg.norm(found - wanted) <= tolerance * max(np.linalg.norm(wanted), 1e-30)


@pytest.mark.parametrize("operation", kernels.OPERATIONS)
def test_both_backends_offer_the_same_functions_with_the_same_arguments(operation):
    def public(backend):
        module = import_module(f"dlab.kernels.{operation}.{backend}")
        found = inspect.getmembers(module, inspect.isfunction)
        own = {name: f for name, f in found if f.__module__ == module.__name__ and not name.startswith("_")}
        return {name: list(inspect.signature(f).parameters) for name, f in own.items()}

    cpu, reference = public("cpu"), public("reference")
    shared = cpu.keys() & reference.keys()
    assert {name: cpu[name] for name in shared} == {name: reference[name] for name in shared}
    assert cpu.keys() ^ reference.keys() <= {"mix"}


CONVOLUTIONS = [  # channels, filters, height, width, kernel, stride, pad
    (1, 6, 12, 12, 5, 1, 2),
    (3, 7, 9, 11, 3, 1, 1),
    (2, 5, 11, 9, 3, 2, 1),
    (2, 3, 10, 10, 2, 3, 0),
    (4, 4, 5, 5, 1, 1, 0),
    (1, 2, 7, 7, 3, 1, 2),
    (16, 17, 9, 10, 3, 1, 1),
    (17, 16, 6, 11, 5, 1, 0),
    (17, 131, 5, 6, 3, 1, 1),
    (3, 97, 12, 12, 11, 4, 2),
]


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_and_its_gradients(case):
    C, K, H, W, F, S, P = case
    x, w, b = numbers(SAMPLES, C, H, W), numbers(K, C, F, F), numbers(K)
    OH, OW = (H + 2 * P - F) // S + 1, (W + 2 * P - F) // S + 1
    dy, margin = numbers(SAMPLES, K, OH, OW, seed=1), -(-F // S) - (S == 1)
    wide = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    y, dx, dw, db = np.empty((SAMPLES, K, OH, OW)), np.empty_like(x), np.empty_like(w), np.empty_like(b)
    REFERENCE.convolution.forward(wide, w, b, y, S, 0.1)()
    REFERENCE.convolution.data_gradient(dy, w, dx, S, P, 0, x, 0.1)()
    REFERENCE.convolution.weight_gradient(wide, dy, dw, db, S)()
    w32, b32, lane_x, lane_dy = w.astype(np.float32), b.astype(np.float32), lanes(x, P), lanes(dy, margin)
    found = room(K, OH, OW), room(C, H, W), np.full_like(w32, np.nan), np.full_like(b32, np.nan)
    CPU.convolution.forward(lane_x.view(P), w32, b32, found[0], S, 0.1)()
    CPU.convolution.data_gradient(lane_dy.view(margin), w32, found[1], S, P, margin, lane_x.view(), 0.1)()
    CPU.convolution.weight_gradient(lane_x.view(P), lane_dy.view(), found[2], found[3], S, SAMPLES)()
    for here, wanted in zip(found, (y, dx, dw, db), strict=True):
        check_close(here, wanted)


@pytest.mark.parametrize("case", [*CONVOLUTIONS[:2], *CONVOLUTIONS[6:9]])
def test_convolution_rectified_and_pooled_in_one_pass(case):
    C, K, H, W, F, _, P = case
    x, w, b = numbers(SAMPLES, C, H, W), numbers(K, C, F, F), numbers(K)
    OH, OW = H + 2 * P - F + 1, W + 2 * P - F + 1
    shape, wide = (SAMPLES, K, OH // 2, OW // 2), np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    y, code, dy = np.empty(shape), np.empty(shape, np.uint8), numbers(*shape, seed=1)
    dw, db, du = np.empty_like(w), np.empty_like(b), np.empty((SAMPLES, K, OH, OW))
    REFERENCE.convolution.forward(wide, w, b, y, 1, 0.1, code)()
    REFERENCE.convolution.pooled_weight_gradient(wide, dy, y, code, dw, db, 1, 0.1)()
    REFERENCE.pooling.unpool(dy, y, code, du, 0.1)()
    w32, b32, lane_x, lane_dy = w.astype(np.float32), b.astype(np.float32), lanes(x, P).view(P), lanes(dy).view()
    found, codes = room(*shape[1:]), room(*shape[1:], kind=np.uint8)
    CPU.convolution.forward(lane_x, w32, b32, found, 1, 0.1, codes)()
    check_close(found, y)
    assert np.array_equal(CPU.read(codes, SAMPLES), code)
    gradients = np.full_like(w32, np.nan), np.full_like(b32, np.nan)
    CPU.convolution.pooled_weight_gradient(lane_x, lane_dy, found, codes, *gradients, 1, 0.1, SAMPLES)()
    spread = room(K, OH, OW)
    CPU.pooling.unpool(lane_dy, found, codes, spread, 0.1)()
    for here, wanted in ((gradients[0], dw), (gradients[1], db), (spread, du)):
        check_close(here, wanted)


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (16, 10), (37, 23), (100, 40)])
def test_dense(inputs, outputs):
    x, w, b = numbers(SAMPLES, inputs), numbers(outputs, inputs), numbers(outputs)
    dy = numbers(SAMPLES, outputs, seed=1)
    y, dx, dw, db = np.empty((SAMPLES, outputs)), np.empty_like(x), np.empty_like(w), np.empty_like(b)
    REFERENCE.dense.forward(x, w, b, y, 0.1)()
    REFERENCE.dense.data_gradient(dy, w, dx, x, 0.1)()
    REFERENCE.dense.weight_gradient(x, dy, dw, db)()
    lane_x, lane_dy, w32, b32 = lanes(x).view(), lanes(dy).view(), w.astype(np.float32), b.astype(np.float32)
    found = room(outputs), room(inputs), np.full_like(w32, np.nan), np.full_like(b32, np.nan)
    CPU.dense.forward(lane_x, w32, b32, found[0], 0.1)()
    CPU.dense.data_gradient(lane_dy, w32, found[1], lane_x, 0.1)()
    CPU.dense.weight_gradient(lane_x, lane_dy, found[2], found[3], SAMPLES)()
    for here, wanted in zip(found, (y, dx, dw, db), strict=True):
        check_close(here, wanted)


@pytest.mark.parametrize("kind", ["rectify", "sigmoid", "tanh", "step"])
def test_activations_over_the_whole_range(kind):
    x = np.concatenate([numbers(SAMPLES, 40), np.linspace(-100, 100, SAMPLES * 40).reshape(SAMPLES, 40)], axis=1)
    x[:, :3] = [0.0, 1e-6, -1e-6]
    y, dx, dy = np.empty_like(x), np.empty_like(x), numbers(SAMPLES, 80, seed=1)
    found, back = room(80), room(80)
    REFERENCE.activation.forward(kind, x.astype(np.float32).astype(float), y, 0.1)()
    CPU.activation.forward(kind, lanes(x).view(), found, 0.1)()
    np.testing.assert_allclose(CPU.read(found, SAMPLES), y, rtol=1e-6, atol=1e-37)
    REFERENCE.activation.backward(kind, dy, y, dx, 0.1)()
    CPU.activation.backward(kind, lanes(dy).view(), lanes(y).view(), back, 0.1)()
    check_close(back, dx)


def test_dropout_draws_the_reference_mask():
    x, key, y = numbers(SAMPLES, 2, 3, 5), np.array([77], np.uint32), np.empty((SAMPLES, 2, 3, 5))
    REFERENCE.dropout.apply(x, y, key, 0.3, 2.0)()
    found = room(2, 3, 5)
    CPU.dropout.apply(lanes(x).view(), found, key, 0.3, 2.0)()
    check_close(found, y)
    CPU.dropout.scale_by(lanes(x).view(), found, 0.7)()
    check_close(found, 0.7 * x)


@pytest.mark.parametrize("shape", [(1, 1), (7, 100), (33, 5)])
def test_dropped_weights_are_the_reference_mask(shape):
    w, key, kept = numbers(*shape), np.array([77], np.uint32), np.empty(shape)
    found = np.full(shape, np.nan, np.float32)
    REFERENCE.dropout.drop_weights(w, kept, key, 0.4)()
    CPU.dropout.drop_weights(w.astype(np.float32), found, key, 0.4)()
    assert np.array_equal(found, kept.astype(np.float32))


def test_losses():
    u, total, wanted = 20 * numbers(SAMPLES, 7), np.zeros(2), np.zeros(2)
    labels = np.arange(SAMPLES, dtype=np.int32) % 7
    targets = np.eye(7, dtype=np.float32)[labels]
    for name, truth in (("softmax_cross_entropy", labels), ("squared_error", targets)):
        du, found = np.empty_like(u), room(7)
        total[:], wanted[:] = 0, 0
        getattr(REFERENCE.loss, name)(u, truth, du, wanted)()
        getattr(CPU.loss, name)(lanes(u).view(), truth, found, total)()
        check_close(found, du)
        assert not found[1, :, 3:].any()  # padding lanes learn nothing
        np.testing.assert_allclose(total, wanted, rtol=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(2, 5, 21), (1, 3, 7)])
def test_gather_packs_any_width(kind, shape):
    data = (np.random.default_rng(0).random((30, int(np.prod(shape)))) * 255).astype(kind)
    rows = np.random.default_rng(1).integers(0, 30, SAMPLES)
    x, buffer = np.empty((SAMPLES, *shape)), CPU.buffer(shape, SAMPLES, 1)
    REFERENCE.gather.pack(data, rows, x, 0.5, -1.0)()
    CPU.gather.pack(data, rows, buffer.view(), 0.5, -1.0)()
    check_close(buffer.view(), x)
    assert not buffer.view()[1, ..., 3:].any()
    assert not buffer.whole[:, :, 0].any()  # the margin stays zero
