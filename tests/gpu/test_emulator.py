"""The emulator runs what a GPU would, and finds what a GPU would not tell."""

import numpy as np
import pytest

from dlab.kernels.gpu.emulator import Emulator
from dlab.kernels.gpu.language import cuda, over_warp

ORDERS = "ascending", "descending", "seven"


class Given:
    """A launch of a kernel on arrays."""

    def __init__(self, kernel, grid, block, *arguments):
        self.kernel, self.arguments = kernel, arguments
        self.grid, self.block = (*grid, 1, 1)[:3], (*block, 1, 1)[:3]


def run(order, *given):
    Emulator(order).launch(Given(*given))


@cuda.jit(device=True)
def _twice(x):
    return x + x


@cuda.jit
def _sum_of_a_block(x, sums):
    part = cuda.shared.array(64, np.float32)
    t = cuda.threadIdx.x
    part[t] = _twice(x[cuda.blockIdx.x * cuda.blockDim.x + t])
    cuda.syncthreads()
    step = 32
    while step > 0:
        if t < step:
            part[t] += part[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        sums[cuda.blockIdx.x] = part[0]


@cuda.jit
def _sum_of_a_warp(x, sums):
    value = x[cuda.blockIdx.x * 32 + cuda.threadIdx.x]
    step = 16
    while step > 0:
        other = cuda.shfl_down_sync(0xFFFFFFFF, value, step)
        value += other
        step //= 2
    if cuda.threadIdx.x == 0:
        sums[cuda.blockIdx.x] = value


@cuda.jit
def _sum_for_everyone(x, sums):
    i = cuda.blockIdx.x * 32 + cuda.threadIdx.x
    sums[i] = 0
    whole = over_warp(2 * x[i])
    sums[i] += whole


@cuda.jit
def _race(x, y):
    part = cuda.shared.array(64, np.float32)
    t = cuda.threadIdx.x
    part[t] = x[t]
    y[t] = part[(t + 1) % 64]  # without a barrier
    cuda.syncthreads()


@cuda.jit
def _divergent(x, y):
    if cuda.threadIdx.x < 3:
        cuda.syncthreads()
    y[cuda.threadIdx.x] = x[cuda.threadIdx.x]


@cuda.jit
def _out_of_bounds(x, y):
    y[cuda.threadIdx.x + 1] = x[cuda.threadIdx.x]


@cuda.jit
def _unknown(x, y):
    y[0] = cuda.clock64()


@pytest.mark.parametrize("order", ORDERS)
def test_blocks_and_warps_add_up(order):
    x = np.random.default_rng(1).normal(size=192).astype(np.float32)
    sums = np.full(3, np.nan, np.float32)
    run(order, _sum_of_a_block, (3,), (64,), x, sums)
    np.testing.assert_allclose(sums, 2 * x.reshape(3, 64).sum(axis=1), rtol=1e-5)
    sums = np.full(6, np.nan, np.float32)
    run(order, _sum_of_a_warp, (6,), (32,), x, sums)
    np.testing.assert_allclose(sums, x.reshape(6, 32).sum(axis=1), rtol=1e-5)
    sums = np.full(192, np.nan, np.float32)
    run(order, _sum_for_everyone, (6,), (32,), x, sums)
    np.testing.assert_allclose(sums.reshape(6, 32), 2 * np.tile(x.reshape(6, 32).sum(axis=1)[:, None], 32), rtol=1e-5)


def test_a_race_shows_in_what_nobody_has_written_yet():
    x, y = np.ones(64, np.float32), np.zeros(64, np.float32)
    run("ascending", _race, (1,), (64,), x, y)
    assert np.isnan(y).any()


def test_threads_that_do_not_meet_are_told():
    x, y = np.ones(8, np.float32), np.zeros(8, np.float32)
    with pytest.raises(RuntimeError, match="barriers"):
        run("ascending", _divergent, (1,), (8,), x, y)


def test_an_index_beyond_the_end_is_an_error():
    x, y = np.ones(8, np.float32), np.zeros(8, np.float32)
    with pytest.raises(IndexError):
        run("ascending", _out_of_bounds, (1,), (8,), x, y)


def test_what_it_does_not_know_it_says():
    with pytest.raises(SyntaxError, match=r"cuda\.clock64"):
        run("ascending", _unknown, (1,), (8,), np.ones(1), np.ones(1))
