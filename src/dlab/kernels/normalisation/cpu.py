"""Normalisation on lane blocks: one task per channel of a batch, one per block of sixteen samples of a layer.

A task's numbers lie in the second-level cache after its first sum, so its later passes cost little.  Sums run over
lanes of float32; the few numbers that come of them are worked out in float64.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numba import njit, prange, types

from dlab.kernels.jit import floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, leak, load, multiply, splat, store, subtract, total, zero
from dlab.kernels.memory import as_images
from dlab.kernels.partial import keep_first

Call = Callable[[], object]
SMALL = 32768  # numbers; so few are done before a second thread has woken


@njit(inline="always")
def statistics(x, c, samples):
    """(mean, variance) of channel c: the mean, then squares about it, with what the rounded mean had missed."""
    LANE, count = 16, np.float64(samples * x.shape[2] * x.shape[3])
    whole = zero()
    for n in range(x.shape[0]):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                whole = add(whole, keep_first(load(x, (n, c, i, j)), samples - n * LANE))
    near = np.float32(total(whole) / count)
    missed, squares = zero(), zero()
    for n in range(x.shape[0]):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                apart = keep_first(subtract(load(x, (n, c, i, j)), splat(near)), samples - n * LANE)
                missed, squares = add(missed, apart), fma(apart, apart, squares)
    shift = total(missed) / count
    return near + shift, max(total(squares) / count - shift * shift, 0.0)


@njit(inline="always")
def transform(x, c, mean, scale, shift, y, slope, samples):
    """y = rectify((x - mean) scale + shift) in channel c, 0 in lanes beyond the samples."""
    LANE = 16
    for n in range(x.shape[0]):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                u = fma(subtract(load(x, (n, c, i, j)), splat(mean)), splat(scale), splat(shift))
                store(y, (n, c, i, j), keep_first(leak(u, u, slope), samples - n * LANE))


@lru_cache
def _batch_forward(parallel):
    """Statistics of each channel, their running means, and y."""
    numbers = [floats(1)] * 2

    @kernel(
        *(floats(5), *numbers, floats(5), *numbers, *numbers),
        *(types.float32, types.float64, types.float32, types.intp),
        parallel=parallel,
    )
    def batch_forward(x, gamma, beta, y, means, rates, run_mean, run_variance, share, eps, slope, samples):
        for c in prange(x.shape[1]):
            mean, variance = statistics(x, c, samples)
            means[c], rates[c] = mean, 1 / np.sqrt(variance + eps)
            run_mean[c] += share * (np.float32(mean) - run_mean[c])
            run_variance[c] += share * (np.float32(variance) - run_variance[c])
            transform(x, c, means[c], gamma[c] * rates[c], beta[c], y, slope, samples)

    return batch_forward


@lru_cache
def _batch_inference(parallel):
    """y from the running statistics."""

    @kernel(
        *(floats(5), floats(1), floats(1), floats(5), floats(1), floats(1), types.float64, types.float32),
        parallel=parallel,
    )
    def batch_inference(x, gamma, beta, y, mean, variance, eps, slope):
        for c in prange(x.shape[1]):
            scale = gamma[c] / np.sqrt(variance[c] + eps)
            transform(x, c, mean[c], scale, beta[c], y, slope, x.shape[0] * 16)

    return batch_inference


@lru_cache
def _batch_backward(parallel):
    """Sums of dy and dy xh of each channel, then dx = gamma r (dy - mean dy - (x - mean) r mean(dy xh))."""

    @kernel(floats(5), floats(5), *[floats(1)] * 3, floats(5), *[floats(1)] * 2, types.intp, parallel=parallel)
    def batch_backward(x, dy, gamma, means, rates, dx, dgamma, dbeta, samples):
        for c in prange(x.shape[1]):
            count = np.float64(samples * x.shape[2] * x.shape[3])
            errors, products = zero(), zero()
            for n in range(x.shape[0]):
                for i in range(x.shape[2]):
                    for j in range(x.shape[3]):
                        error = load(dy, (n, c, i, j))
                        errors = add(errors, error)
                        products = fma(error, subtract(load(x, (n, c, i, j)), splat(means[c])), products)
            dbeta[c], dgamma[c] = total(errors), total(products) * rates[c]
            level, pull = splat(dbeta[c] / count), splat(-(rates[c] * dgamma[c]) / count)
            for n in range(x.shape[0]):
                for i in range(x.shape[2]):
                    for j in range(x.shape[3]):
                        apart = subtract(load(x, (n, c, i, j)), splat(means[c]))
                        rest = fma(apart, pull, subtract(load(dy, (n, c, i, j)), level))
                        value = multiply(rest, splat(gamma[c] * rates[c]))
                        store(dx, (n, c, i, j), keep_first(value, samples - n * 16))

    return batch_backward


@lru_cache
def _layer_forward(parallel):
    """Statistics of each lane, then y."""

    @kernel(
        *(floats(5), floats(3), floats(3), floats(5), floats(2), floats(2), types.float64, types.float32),
        parallel=parallel,
    )
    def layer_forward(x, gamma, beta, y, means, rates, eps, slope):
        C, H, W = x.shape[1:4]
        for n in prange(x.shape[0]):
            share = splat(1 / np.float64(C * H * W))
            whole = zero()
            for c in range(C):
                for i in range(H):
                    for j in range(W):
                        whole = add(whole, load(x, (n, c, i, j)))
            near, missed, squares = multiply(whole, share), zero(), zero()
            for c in range(C):
                for i in range(H):
                    for j in range(W):
                        apart = subtract(load(x, (n, c, i, j)), near)
                        missed, squares = add(missed, apart), fma(apart, apart, squares)
            shift = multiply(missed, share)
            mean = add(near, shift)
            store(means, (n,), mean)
            store(rates, (n,), subtract(multiply(squares, share), multiply(shift, shift)))
            for lane in range(16):
                rates[n, lane] = 1 / np.sqrt(max(rates[n, lane], np.float32(0)) + eps)
            rate = load(rates, (n,))
            for c in range(C):
                for i in range(H):
                    for j in range(W):
                        xh = multiply(subtract(load(x, (n, c, i, j)), mean), rate)
                        u = fma(xh, broadcast(gamma, (c, i, j)), broadcast(beta, (c, i, j)))
                        store(y, (n, c, i, j), leak(u, u, slope))

    return layer_forward


@lru_cache
def _layer_backward(parallel):
    """dx of each block; then dgamma and dbeta, one task per channel."""

    @kernel(floats(5), floats(5), floats(3), floats(2), floats(2), floats(5), floats(3), floats(3), parallel=parallel)
    def layer_backward(x, dy, gamma, means, rates, dx, dgamma, dbeta):
        B, C, H, W = x.shape[:4]
        for n in prange(B):
            mean, rate, share = load(means, (n,)), load(rates, (n,)), splat(1 / np.float64(C * H * W))
            errors, products = zero(), zero()
            for c in range(C):
                for i in range(H):
                    for j in range(W):
                        error = multiply(load(dy, (n, c, i, j)), broadcast(gamma, (c, i, j)))
                        xh = multiply(subtract(load(x, (n, c, i, j)), mean), rate)
                        errors, products = add(errors, error), fma(error, xh, products)
            level, pull = multiply(errors, share), multiply(products, share)
            for c in range(C):
                for i in range(H):
                    for j in range(W):
                        error = multiply(load(dy, (n, c, i, j)), broadcast(gamma, (c, i, j)))
                        xh = multiply(subtract(load(x, (n, c, i, j)), mean), rate)
                        rest = subtract(subtract(error, level), multiply(xh, pull))
                        store(dx, (n, c, i, j), multiply(rest, rate))
        for c in prange(C):
            for i in range(H):
                for j in range(W):
                    errors, products = zero(), zero()
                    for n in range(B):
                        error, apart = load(dy, (n, c, i, j)), subtract(load(x, (n, c, i, j)), load(means, (n,)))
                        errors = add(errors, error)
                        products = fma(error, multiply(apart, load(rates, (n,))), products)
                    dbeta[c, i, j], dgamma[c, i, j] = total(errors), total(products)

    return layer_backward


def _pays(x) -> bool:
    """Whether there is enough to do for more than one thread."""
    return x.size > SMALL


def _per_number(x, *arrays):
    """Arrays of one sample's shape, with the axes of x as images."""
    return [array.reshape(x.shape[1:4]) for array in arrays]


def batch_forward(x, gamma, beta, y, moments, running, momentum, eps, slope=1.0, samples=None) -> Call:
    """Normalise each channel over the batch, and keep running statistics."""
    x, y = as_images(x), as_images(y)
    run, count, share = _batch_forward(_pays(x)), x.shape[0] * 16 if samples is None else samples, 1 - momentum
    return lambda: run(x, gamma, beta, y, *moments, *running, share, eps, slope, count)


def batch_inference(x, gamma, beta, y, running, eps, slope=1.0) -> Call:
    """Normalise each channel with the running statistics."""
    x, y = as_images(x), as_images(y)
    run = _batch_inference(_pays(x))
    return lambda: run(x, gamma, beta, y, *running, eps, slope)


def batch_backward(x, dy, gamma, moments, dx, dgamma, dbeta, samples=None) -> Call:
    """dx, dgamma and dbeta of a batch normalisation."""
    x, dy, dx = as_images(x), as_images(dy), as_images(dx)
    run, count = _batch_backward(_pays(x)), x.shape[0] * 16 if samples is None else samples
    return lambda: run(x, dy, gamma, *moments, dx, dgamma, dbeta, count)


def layer_forward(x, gamma, beta, y, moments, eps, slope=1.0) -> Call:
    """Normalise each sample over its own numbers."""
    x, y = as_images(x), as_images(y)
    run, (gamma, beta) = _layer_forward(_pays(x)), _per_number(x, gamma, beta)
    return lambda: run(x, gamma, beta, y, *moments, eps, slope)


def layer_backward(x, dy, gamma, moments, dx, dgamma, dbeta) -> Call:
    """dx, dgamma and dbeta of a layer normalisation."""
    x, dy, dx = as_images(x), as_images(dy), as_images(dx)
    run, (gamma, dgamma, dbeta) = _layer_backward(_pays(x)), _per_number(x, gamma, dgamma, dbeta)
    return lambda: run(x, dy, gamma, *moments, dx, dgamma, dbeta)
