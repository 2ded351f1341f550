"""Batch normalisation on lane blocks: one task does all passes over a channel."""

import numpy as np
from numba import njit, types

from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, fma, leak, load, multiply, splat, store, subtract, total, zero
from dlab.kernels.normalisation.cpu_scores import error_of, score
from dlab.kernels.partial import keep_first
from dlab.kernels.tasks import tasks


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
def transform(x, c, mean, rate, gamma, beta, y, slope, samples):
    """y = rectify(gamma xh + beta) in channel c, 0 in lanes beyond the samples."""
    LANE = 16
    for n in range(x.shape[0]):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                u = fma(splat(gamma), score(x, (n, c, i, j), splat(mean), splat(rate)), splat(beta))
                store(y, (n, c, i, j), keep_first(leak(u, u, slope), samples - n * LANE))


@factory
def forward():
    """Statistics of each channel, their running means, and y."""
    numbers = [floats(1)] * 2

    @kernel(
        *(floats(5), *numbers, floats(5), *numbers, *numbers),
        *(types.float32, types.float64, types.float32, types.intp),
        writes="y means rates run_mean run_variance",
    )
    def batch_forward(worker, x, gamma, beta, y, means, rates, run_mean, run_variance, share, eps, slope, samples):
        for c in tasks(worker, x.shape[1]):
            mean, variance = statistics(x, c, samples)
            means[c], rates[c] = mean, 1 / np.sqrt(variance + eps)
            run_mean[c] += share * (np.float32(mean) - run_mean[c])
            run_variance[c] += share * (np.float32(variance) - run_variance[c])
            transform(x, c, means[c], rates[c], gamma[c], beta[c], y, slope, samples)

    return batch_forward


@factory
def inference():
    """y from the running statistics."""

    @kernel(floats(5), floats(1), floats(1), floats(5), floats(1), floats(1), types.float64, types.float32, writes="y")
    def batch_inference(worker, x, gamma, beta, y, mean, variance, eps, slope):
        for c in tasks(worker, x.shape[1]):
            rate = 1 / np.sqrt(variance[c] + eps)
            transform(x, c, mean[c], rate, gamma[c], beta[c], y, slope, x.shape[0] * 16)

    return batch_inference


@factory
def backward():
    """Sums of dy and dy xh of each channel, then dx = gamma r (dy - mean dy - xh mean(dy xh))."""

    @kernel(
        floats(5),
        floats(5),
        *[floats(1)] * 4,
        floats(5),
        *[floats(1)] * 2,
        types.float32,
        types.intp,
        writes="dx dgamma dbeta",
    )
    def batch_backward(worker, x, dy, gamma, beta, means, rates, dx, dgamma, dbeta, slope, samples):
        for c in tasks(worker, x.shape[1]):
            mean, rate, scale, shift = splat(means[c]), splat(rates[c]), splat(gamma[c]), splat(beta[c])
            errors, products = zero(), zero()
            for n in range(x.shape[0]):
                for i in range(x.shape[2]):
                    for j in range(x.shape[3]):
                        xh = score(x, (n, c, i, j), mean, rate)
                        error = error_of(dy, (n, c, i, j), xh, scale, shift, slope)
                        errors, products = add(errors, error), fma(error, xh, products)
            dbeta[c], dgamma[c] = total(errors), total(products)
            share = 1 / np.float64(samples * x.shape[2] * x.shape[3])
            level, pull = splat(dbeta[c] * share), splat(dgamma[c] * share)
            for n in range(x.shape[0]):
                for i in range(x.shape[2]):
                    for j in range(x.shape[3]):
                        xh = score(x, (n, c, i, j), mean, rate)
                        error = error_of(dy, (n, c, i, j), xh, scale, shift, slope)
                        rest = subtract(subtract(error, level), multiply(xh, pull))
                        value = multiply(rest, multiply(scale, rate))
                        store(dx, (n, c, i, j), keep_first(value, samples - n * 16))

    return batch_backward
