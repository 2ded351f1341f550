"""Local response normalisation: the paper's formula, slopes, any power on lanes, any threads; the logarithm."""

import numpy as np
import pytest
from numba import types

from dlab import kernels
from dlab.kernels.jit import floats, kernel
from dlab.kernels.lanes import load, store
from dlab.kernels.logarithm import log
from dlab.kernels.lrn import reference as lrn
from tests.kernels.arrays import check_close, numbers, poison
from tests.kernels.fast import SAMPLES, Fast
from tests.oracles import lrn as oracle
from tests.oracles.differences import slopes

PAPER = 5, 2.0, 1e-4, 0.75
OPTIONS = [
    (5, 1.0, 0.3, 0.75),
    PAPER,
    (3, 0.5, 1.0, 0.5),
    (1, 2.0, 0.7, 1.0),
    (4, 1.0, 0.2, 0.6),
    (15, 1e-3, 2.0, 1.75),
]
options = pytest.mark.parametrize("options", OPTIONS)


def forward(x, options):
    y = poison(*x.shape)
    lrn.forward(x, y, *options)()
    return y


def backward(x, dy, options):
    dx = poison(*x.shape)
    lrn.backward(x, dy, dx, *options)()
    return dx


@options
@pytest.mark.parametrize("shape", [(2, 7, 2, 3), (1, 1, 2, 2), (2, 2, 1, 1)])
def test_the_formula_and_its_slopes(shape, options):
    x, dy = 2 * numbers(*shape), numbers(*shape, seed=1)
    check_close(forward(x, options), oracle.forward(x, *options))
    check_close(backward(x, dy, options), slopes(lambda: np.sum(forward(x, options) * dy), x), 1e-7)


def test_one_bright_channel_dims_its_neighbours_only():
    x = np.ones((1, 9, 1, 1))
    x[0, 4] = 100
    y = forward(x, PAPER)[0, :, 0, 0]
    assert y[4] == pytest.approx(100 / (2 + 1e-4 * (100**2 + 4)) ** 0.75)
    check_close(y[[2, 3, 5, 6]], np.full(4, 1 / (2 + 1e-4 * (100**2 + 4)) ** 0.75))
    assert (y[[0, 1, 7, 8]] > y[2]).all()


def both_ways(fast, x, dy, options):
    """y and dx on lanes."""
    y, dx = fast.room(*x.shape[1:]), fast.room(*x.shape[1:])
    fast.ops.lrn.forward(fast.lanes(x, 1).view(), y, *options)()
    fast.ops.lrn.backward(fast.lanes(x, 1).view(), fast.lanes(dy).view(), dx, *options)()
    return y, dx


LANED = [
    ((20, 6, 4), OPTIONS[0]),
    ((40, 2, 1), (301, 1.0, 0.01, 0.6)),
]  # the second over all channels, in several passes
LANED += [(shape, options) for shape in [(7, 3, 5), (1, 2, 1), (20, 6, 4)] for options in OPTIONS]


def test_lanes_follow_the_reference(fast):
    for shape, options in fast.few(LANED, 2):
        x, dy = (numbers(SAMPLES, *shape, seed=seed).astype(np.float32).astype(float) for seed in (0, 1))
        x[:, :, 0] *= 100  # large enough for the strength to be all that counts
        y, dx = both_ways(fast, x, dy, options)
        fast.check(y, forward(x, options))
        fast.check(dx, backward(x, dy, options))


def test_threads_do_not_change_a_bit():
    fast, shape, found = Fast(kernels.backend("cpu")), (SAMPLES, 9, 7, 5), set()
    for threads in (1, 2, 3, 4, 7):
        kernels.set_threads(threads)
        ways = both_ways(fast, numbers(*shape), numbers(*shape, seed=1), OPTIONS[4])
        found.add(b"".join(array.tobytes() for array in ways))
    kernels.set_threads(1)
    assert len(found) == 1


def test_the_logarithm_is_right_to_the_last_bits():
    @kernel(floats(2), floats(2), types.intp, parallel=False)
    def logs(x, y, count):
        for v in range(count):
            store(y, (v,), log(load(x, (v,))))

    x = np.concatenate([np.geomspace(1.2e-38, 3e38, 8000), 1 + np.linspace(-0.5, 1.5, 8000)]).astype(np.float32)
    y = np.empty((1000, 16), np.float32)
    logs(x.reshape(1000, 16), y, 1000)
    np.testing.assert_allclose(y.ravel(), np.log(x.astype(float)), rtol=2.5e-7)
    assert y.ravel()[x == 1].tolist() == [0.0] * int((x == 1).sum())
