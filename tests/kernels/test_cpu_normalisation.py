"""Normalisation on lane blocks: the reference, rubbish in the padding lanes, numbers far from zero, any threads."""

import numpy as np
import pytest

from dlab import kernels
from dlab.kernels.normalisation.cpu import SMALL
from dlab.layout import blocks
from tests.kernels.arrays import numbers
from tests.kernels.test_cpu_operations import CPU, REFERENCE, SAMPLES, check_close, lanes, room

SHAPES = [(5,), (40,), (3, 4, 5), (4, 24, 24)]  # of one sample; the last is done on several threads


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


def laned(x):
    """Lane blocks of x with rubbish in the padding lanes."""
    view = lanes(x).view()
    view[-1, ..., SAMPLES % 16 :] = 1e6
    return view


def arrays(shape, kind, mean=2.0):
    """x and dy rounded to float32, gamma and beta."""
    x, dy = mean + numbers(SAMPLES, *shape), numbers(SAMPLES, *shape, seed=1)
    own = shape[:1] if kind == "batch" else shape
    return [a.astype(np.float32).astype(float) for a in (x, dy, numbers(*own), numbers(*own, seed=2))]


def on_lanes(shape, kind, mean=2.0):
    x, dy, *scales = arrays(shape, kind, mean)
    return normalise(CPU, kind, laned(x), lanes(dy).view(), room(*shape), room(*shape), *scales)


def in_float64(shape, kind, mean=2.0):
    x, dy, *scales = arrays(shape, kind, mean)
    return normalise(REFERENCE, kind, x, dy, np.empty_like(x), np.empty_like(x), *scales)


@pytest.mark.parametrize("kind", ["batch", "layer"])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_follows_the_reference(shape, kind):
    for found, wanted in zip(on_lanes(shape, kind), in_float64(shape, kind), strict=True):
        check_close(found, wanted)


def test_batch_normalisation_leaves_zeros_in_the_padding_lanes():
    for shape in SHAPES:
        for array in on_lanes(shape, "batch")[:2]:
            assert not array[-1, ..., SAMPLES % 16 :].any()


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_far_from_zero_no_digits_cancel(kind):
    """Mean 1000 and deviation 1: half a unit in the last place of the mean is 3e-5."""
    found, wanted = on_lanes((4, 24, 24), kind, 1000.0), in_float64((4, 24, 24), kind, 1000.0)
    y, exact = CPU.read(found[0], SAMPLES), wanted[0]
    assert np.abs(y - exact).max() < 4e-5 * np.abs(arrays((4, 24, 24), kind)[2]).max()
    check_close(found[1], wanted[1])
    if kind == "batch":
        check_close(found[5], wanted[5], 1e-6)  # 1 / sqrt(variance)


def test_a_constant_channel_has_no_variance():
    x, y, kept = lanes(np.full((SAMPLES, 2, 3, 3), 1234.567)).view(), room(2, 3, 3), pair(CPU, 2)
    gamma, beta = np.ones(2, np.float32), np.array([0.5, -2], np.float32)
    CPU.normalisation.batch_forward(x, gamma, beta, y, kept, pair(CPU, 2), 0.9, 1e-5, 1.0, SAMPLES)()
    assert np.isfinite(y).all()
    check_close(y, np.tile(beta.astype(float)[:, None, None], (SAMPLES, 1, 3, 3)), 1e-6)


def test_a_batch_of_one_vector_gives_beta_and_passes_nothing_on():
    x, dy, y, dx = (lanes(numbers(1, 3, seed=seed)).view() for seed in range(4))
    gamma, beta = (numbers(3, seed=seed).astype(np.float32) for seed in (4, 5))
    moments, gradients = pair(CPU, 3), pair(CPU, 3)
    CPU.normalisation.batch_forward(x, gamma, beta, y, moments, pair(CPU, 3), 0.9, 1e-5, 1.0, 1)()
    CPU.normalisation.batch_backward(x, dy, gamma, beta, moments, dx, *gradients, 1.0, 1)()
    assert np.array_equal(y[0, :, 0], beta)
    assert np.array_equal(gradients[1], dy[0, :, 0])
    assert not dx.any()
    assert not gradients[0].any()


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_threads_do_not_change_a_bit(kind):
    shape = SHAPES[-1]
    assert blocks(SAMPLES) * 16 * np.prod(shape) > SMALL
    found = set()
    for threads in (1, 2, 3, 4):
        kernels.set_threads(threads)
        found.add(b"".join(array.tobytes() for array in on_lanes(shape, kind)))
    kernels.set_threads(1)
    assert len(found) == 1
