"""Dense layers on lanes against the float64 reference."""

import numpy as np
import pytest

from dlab import kernels
from dlab.kernels.dense import cuda_product
from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES, emulated


def _wanted(x, w, b, dy):
    """y, dx, dw and db of the reference."""
    y, dx, dw, db = np.empty((SAMPLES, len(w))), np.empty_like(x), np.empty_like(w), np.empty_like(b)
    REFERENCE.dense.forward(x, w, b, y, 0.1)()
    REFERENCE.dense.data_gradient(dy, w, dx, x, 0.1)()
    REFERENCE.dense.weight_gradient(x, dy, dw, db)()
    return y, dx, dw, db


def _bound(fast, x, w, b, dy):
    """The calls of a fast backend, and what each of them makes."""
    x, dy, w, b = fast.lanes(x).view(), fast.lanes(dy).view(), w.astype(np.float32), b.astype(np.float32)
    y, dx, dw, db = fast.room(len(w)), fast.room(w.shape[1]), np.full_like(w, np.nan), np.full_like(b, np.nan)
    forward = fast.ops.dense.forward(x, w, b, y, 0.1)
    data_gradient = fast.ops.dense.data_gradient(dy, w, dx, x, 0.1)
    weight_gradient = fast.ops.dense.weight_gradient(x, dy, dw, db, SAMPLES)
    return (forward, data_gradient, weight_gradient), (y, dx, dw, db)


def _problem(inputs, outputs):
    return numbers(SAMPLES, inputs), numbers(outputs, inputs), numbers(outputs), numbers(SAMPLES, outputs, seed=1)


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (16, 10), (37, 23), (100, 40)])
def test_dense(fast, inputs, outputs):
    problem = _problem(inputs, outputs)
    calls, found = _bound(fast, *problem)
    for call in calls:
        call()
    for here, wanted in zip(found, _wanted(*problem), strict=True):
        fast.check(here, wanted)


def test_without_bias_gate_or_rectifier(fast):
    x, w, _, dy = _problem(37, 23)
    lane_x, lane_dy, w32 = fast.lanes(x).view(), fast.lanes(dy).view(), w.astype(np.float32)
    y, dx, dw = fast.room(23), fast.room(37), np.full_like(w32, np.nan)
    fast.ops.dense.forward(lane_x, w32, None, y)()
    fast.ops.dense.data_gradient(lane_dy, w32, dx)()
    fast.ops.dense.weight_gradient(lane_x, lane_dy, dw, None, SAMPLES)()
    for here, wanted in ((y, x @ w.T), (dx, dy @ w), (dw, dy.T @ x)):
        fast.check(here, wanted)


@pytest.mark.parametrize("blocks", range(1, 10))
def test_a_block_has_the_bits_that_it_has_alone(blocks):
    """However many stand beside it: tiles of four blocks, and one of those that are left."""
    dense, (w, b) = kernels.backend("cpu").dense, (numbers(*shape).astype(np.float32) for shape in ((23, 37), (23,)))
    x, dy = (numbers(blocks, size, 16, seed=size).astype(np.float32) for size in (37, 23))
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    dense.forward(x, w, b, y, 0.1)()
    dense.data_gradient(dy, w, dx, x, 0.1)()
    for n in range(blocks):
        own_y, own_dx, one = np.empty((1, 23, 16), np.float32), np.empty((1, 37, 16), np.float32), slice(n, n + 1)
        dense.forward(x[one], w, b, own_y, 0.1)()
        dense.data_gradient(dy[one], w, own_dx, x[one], 0.1)()
        assert np.array_equal(y[one], own_y)
        assert np.array_equal(dx[one], own_dx)


@pytest.mark.parametrize(("call", "tile"), [(0, 2), (1, 1), (2, 0)])
def test_large_tiles(monkeypatch, call, tile):
    """Each tile once, on a matrix that is no multiple of it in any direction."""
    monkeypatch.setattr(cuda_product, "tile_for", lambda M, N: cuda_product.TILES[tile])
    fast, problem = emulated("by chance"), _problem(135, 70)
    calls, found = _bound(fast, *problem)
    calls[call]()
    wanted = _wanted(*problem)
    for here in range(call, call + 1 + call // 2):
        fast.check(found[here], wanted[here])


def test_tiles_grow_with_the_matrix():
    """LeNet's are cut small, to have enough blocks; AlexNet's largest fill the GPU with the largest tile."""
    chosen = [
        cuda_product.tile_for(*size)[:2] for size in [(120, 128), (84, 512), (1000, 128), (4096, 128), (4096, 9216)]
    ]
    assert chosen == [(8, 32), (8, 32), (32, 32), (64, 64), (128, 128)]
