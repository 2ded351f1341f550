"""Normalisation on lanes: the reference, rubbish in the padding lanes, numbers far from zero, any threads."""

import numpy as np
import pytest

from dlab import kernels
from dlab.kernels.normalisation.cpu import SMALL
from dlab.layout import blocks
from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES, Fast

LARGE = (4, 24, 24)  # of one sample; done on several threads, and in several parts
SHAPES = [LARGE, (5,), (40,), (3, 4, 5)]
both = pytest.mark.parametrize("kind", ["batch", "layer"])


def pair(ops, *shape):
    return ops.zeros(shape), ops.zeros(shape)


def normalise(ops, kind, x, dy, y, dx, gamma, beta):
    """All that forward, inference and backward write, of arrays in the backend's layout."""
    gamma, beta = (np.array(a, ops.dtype) for a in (gamma, beta))
    gradients, running = (np.full_like(gamma, np.nan), np.full_like(gamma, np.nan)), pair(ops, *gamma.shape)
    running[1][...] = 1
    if kind == "layer":
        moments = ops.whole((), SAMPLES), ops.whole((), SAMPLES)
        ops.normalisation.layer_forward(x, gamma, beta, y, moments, 1e-5, 0.1)()
        ops.normalisation.layer_backward(x, dy, gamma, beta, moments, dx, *gradients, 0.1)()
        return [y, dx, *gradients]
    moments, inferred = pair(ops, *gamma.shape), np.empty_like(y)
    ops.normalisation.batch_forward(x, gamma, beta, y, moments, running, 0.9, 1e-5, 0.1, SAMPLES)()
    ops.normalisation.batch_backward(x, dy, gamma, beta, moments, dx, *gradients, 0.1, SAMPLES)()
    ops.normalisation.batch_inference(x, gamma, beta, inferred, running, 1e-5, 0.1)()
    return [y, dx, *gradients, *moments, *running, inferred]


def laned(fast, x):
    """Lanes of x with rubbish beyond the samples."""
    view = fast.lanes(x).view()
    fast.beyond(view)[...] = 1e6
    return view


def arrays(shape, kind, mean=2.0):
    """x and dy rounded to float32, gamma and beta."""
    x, dy = mean + numbers(SAMPLES, *shape), numbers(SAMPLES, *shape, seed=1)
    own = shape[:1] if kind == "batch" else shape
    return [a.astype(np.float32).astype(float) for a in (x, dy, numbers(*own), numbers(*own, seed=2))]


def on_lanes(fast, shape, kind, mean=2.0):
    """With margins around what convolutions read, where it is images."""
    x, dy, *scales = arrays(shape, kind, mean)
    wide = len(shape) == 3
    y, errors = fast.lanes(np.full_like(x, np.nan), wide).view(), fast.lanes(dy, wide).view()
    return normalise(fast.ops, kind, laned(fast, x), errors, y, fast.room(*shape), *scales)


def in_float64(shape, kind, mean=2.0):
    x, dy, *scales = arrays(shape, kind, mean)
    return normalise(REFERENCE, kind, x, dy, np.empty_like(x), np.empty_like(x), *scales)


@both
def test_it_follows_the_reference(fast, kind):
    for shape in fast.few(SHAPES, 1):
        for found, wanted in zip(on_lanes(fast, shape, kind), in_float64(shape, kind), strict=True):
            fast.check(found, wanted)


def test_batch_normalisation_leaves_zeros_in_the_padding_lanes(fast):
    for shape in fast.few(SHAPES, 1):
        for array in on_lanes(fast, shape, "batch")[:2]:
            assert not fast.beyond(array).any()


@both
def test_far_from_zero_no_digits_cancel(fast, kind):
    """Mean 1000 and deviation 1: half a unit in the last place of the mean is 3e-5."""
    found, wanted = on_lanes(fast, LARGE, kind, 1000.0), in_float64(LARGE, kind, 1000.0)
    assert np.abs(fast.read(found[0]) - wanted[0]).max() < 4e-5 * np.abs(arrays(LARGE, kind)[2]).max()
    fast.check(found[1], wanted[1])
    if kind == "batch":
        fast.check(found[5], wanted[5], 1e-6)  # 1 / sqrt(variance)


def test_a_constant_channel_has_no_variance(fast):
    x, kept, running = np.full((SAMPLES, *LARGE), 1234.567), pair(fast.ops, 4), pair(fast.ops, 4)
    lane_x, y = fast.lanes(x).view(), fast.lanes(x, 1).view()
    gamma, beta = np.ones(4, np.float32), np.array([0.5, -2, 0, 3], np.float32)
    fast.ops.normalisation.batch_forward(lane_x, gamma, beta, y, kept, running, 0.9, 1e-5, 1.0, SAMPLES)()
    assert np.isfinite(y).all()
    fast.check(y, np.tile(beta.astype(float)[:, None, None], (SAMPLES, 1, *LARGE[1:])), 1e-6)


def test_a_batch_of_one_vector_gives_beta_and_passes_nothing_on(fast):
    x, dy, y, dx = (fast.lanes(numbers(1, 3, seed=seed)).view() for seed in range(4))
    gamma, beta = (numbers(3, seed=seed).astype(np.float32) for seed in (4, 5))
    moments, gradients = pair(fast.ops, 3), pair(fast.ops, 3)
    fast.ops.normalisation.batch_forward(x, gamma, beta, y, moments, pair(fast.ops, 3), 0.9, 1e-5, 1.0, 1)()
    fast.ops.normalisation.batch_backward(x, dy, gamma, beta, moments, dx, *gradients, 1.0, 1)()
    assert np.array_equal(y[0, :, 0], beta)
    assert np.array_equal(gradients[1], dy[0, :, 0])
    assert not dx.any()
    assert not gradients[0].any()


@both
def test_threads_do_not_change_a_bit(kind):
    fast = Fast(kernels.backend("cpu"))
    assert blocks(SAMPLES) * 16 * np.prod(LARGE) > SMALL
    found = set()
    for threads in (1, 2, 3, 4):
        kernels.set_threads(threads)
        found.add(b"".join(array.tobytes() for array in on_lanes(fast, LARGE, kind)))
    kernels.set_threads(1)
    assert len(found) == 1
