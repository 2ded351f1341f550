"""Convolution on lanes against the float64 reference, on odd shapes and partial blocks."""

import numpy as np
import pytest

from dlab.kernels.convolution import cpu_weights_pooled, cpu_winograd, cuda_forward_tiles, cuda_weights_tiles
from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES, on_cases

CONVOLUTIONS = [  # channels, filters, height, width, kernel, stride, pad
    (1, 6, 12, 12, 5, 1, 2),
    (3, 7, 9, 11, 3, 1, 1),
    (2, 5, 11, 9, 3, 2, 1),
    (2, 3, 10, 10, 2, 3, 0),
    (4, 4, 5, 5, 1, 1, 0),
    (1, 2, 7, 7, 3, 1, 2),
    (6, 9, 14, 14, 5, 1, 0),  # a row of two tiles, each with an edge
]
POOLED = [
    *CONVOLUTIONS[:2],
    (5, 4, 8, 10, 3, 1, 1),  # tiles of two channels, the last of which slides back
    (2, 3, 11, 12, 7, 1, 1),  # tiles of three of seven rows
    (1, 3, 13, 15, 3, 2, 0),
]
WIDE = [
    (16, 17, 9, 10, 3, 1, 1),
    (17, 16, 6, 11, 5, 1, 0),
    (17, 131, 5, 6, 3, 1, 1),
    (3, 97, 12, 12, 11, 4, 2),
]
UNREACHED = (3, 5, 9, 9, 2, 3, 0)  # rows and columns that no window sees


@pytest.fixture
def wide_tiles(monkeypatch):
    """The tiles that a GPU gets for large layers, which these small ones would leave idle."""
    choosers = cuda_forward_tiles.best_tile, cuda_weights_tiles.best_work
    for module in (cuda_forward_tiles, cuda_weights_tiles):
        monkeypatch.setattr(module, "ENOUGH", 1)
    for best in choosers:
        best.cache_clear()
    yield
    for best in choosers:
        best.cache_clear()


@on_cases(CONVOLUTIONS, [CONVOLUTIONS[1], UNREACHED], slow=WIDE)
def test_convolution_and_its_gradients(fast, case, wide_tiles):
    C, K, H, W, F, S, P = case
    x, w, b = numbers(SAMPLES, C, H, W), numbers(K, C, F, F), numbers(K)
    OH, OW = (H + 2 * P - F) // S + 1, (W + 2 * P - F) // S + 1
    dy, margin = numbers(SAMPLES, K, OH, OW, seed=1), -(-F // S) - (S == 1)
    wide = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    y, dx, dw, db = np.empty((SAMPLES, K, OH, OW)), np.empty_like(x), np.empty_like(w), np.empty_like(b)
    REFERENCE.convolution.forward(wide, w, b, y, S, 0.1)()
    REFERENCE.convolution.data_gradient(dy, w, dx, S, P, 0, x, 0.1)()
    REFERENCE.convolution.weight_gradient(wide, dy, dw, db, S)()
    w32, b32, lane_x, lane_dy = w.astype(np.float32), b.astype(np.float32), fast.lanes(x, P), fast.lanes(dy, margin)
    found = fast.room(K, OH, OW), fast.room(C, H, W), np.full_like(w32, np.nan), np.full_like(b32, np.nan)
    fast.ops.convolution.forward(lane_x.view(P), w32, b32, found[0], S, 0.1)()
    fast.ops.convolution.data_gradient(lane_dy.view(margin), w32, found[1], S, P, margin, lane_x.view(), 0.1)()
    fast.ops.convolution.weight_gradient(lane_x.view(P), lane_dy.view(), found[2], found[3], S, SAMPLES)()
    for here, wanted in zip(found, (y, dx, dw, db), strict=True):
        fast.check(here, wanted)


@on_cases([], [], slow=WIDE[:2])
def test_sums_over_slices_of_channels(fast, case, monkeypatch):
    C, K, H, W, F, _, P = case
    x, w, b = numbers(SAMPLES, C, H, W), numbers(K, C, F, F), numbers(K)
    y = np.empty((SAMPLES, K, H + 2 * P - F + 1, W + 2 * P - F + 1))
    REFERENCE.convolution.forward(np.pad(x, ((0, 0), (0, 0), (P, P), (P, P))), w, b, y)()
    monkeypatch.setattr(cpu_winograd, "SLICE", 200)
    found = fast.room(*y.shape[1:])
    fast.ops.convolution.forward(fast.lanes(x, P).view(P), w.astype(np.float32), b.astype(np.float32), found)()
    fast.check(found, y)


@on_cases(POOLED, CONVOLUTIONS[:1], slow=WIDE[:3])
def test_convolution_rectified_and_pooled_in_one_pass(fast, case, monkeypatch):
    monkeypatch.setattr(cpu_weights_pooled, "SEEN", 20_000)  # bytes: x in several segments
    C, K, H, W, F, S, P = case
    x, w, b = numbers(SAMPLES, C, H, W), numbers(K, C, F, F), numbers(K)
    OH, OW = (H + 2 * P - F) // S + 1, (W + 2 * P - F) // S + 1
    shape, wide = (SAMPLES, K, OH // 2, OW // 2), np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    y, code, dy = np.empty(shape), np.empty(shape, np.uint8), numbers(*shape, seed=1)
    dw, db = np.empty_like(w), np.empty_like(b)
    REFERENCE.convolution.forward(wide, w, b, y, S, 0.1, code)()
    REFERENCE.convolution.pooled_weight_gradient(wide, dy, y, code, dw, db, S, 0.1)()
    w32, b32, lane_x, lane_dy = *(a.astype(np.float32) for a in (w, b)), fast.lanes(x, P).view(P), fast.lanes(dy).view()
    found, codes = fast.room(*shape[1:]), fast.room(*shape[1:], kind=np.uint8)
    fast.ops.convolution.forward(lane_x, w32, b32, found, S, 0.1, codes)()
    fast.check(found, y)
    assert np.array_equal(fast.read(codes), code)
    gradients = np.full_like(w32, np.nan), np.full_like(b32, np.nan)
    fast.ops.convolution.pooled_weight_gradient(lane_x, lane_dy, found, codes, *gradients, S, 0.1, SAMPLES)()
    for here, wanted in zip(gradients, (dw, db), strict=True):
        fast.check(here, wanted)


def test_the_way_back_through_the_fused_pooling(fast):
    shape = SAMPLES, 3, 4, 5
    y, code, dy = numbers(*shape), np.random.default_rng(0).integers(0, 4, shape, np.uint8), numbers(*shape, seed=1)
    du, spread, codes = np.empty((SAMPLES, 3, 8, 11)), fast.room(3, 8, 11), fast.room(3, 4, 5, kind=np.uint8)
    codes[...] = fast.lanes(code).view()
    REFERENCE.pooling.unpool(dy, y, code, du, 0.1)()
    fast.ops.pooling.unpool(fast.lanes(dy).view(), fast.lanes(y).view(), codes, spread, 0.1)()
    fast.check(spread, du)
