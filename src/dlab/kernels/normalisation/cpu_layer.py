"""Layer normalisation on lane blocks: one task does all passes over a block of sixteen samples."""

import numpy as np
from numba import types

from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, leak, load, multiply, splat, store, subtract, total, zero
from dlab.kernels.normalisation.cpu_scores import error_of, score
from dlab.kernels.tasks import tasks


@factory
def forward():
    """Statistics of each lane, then y."""

    arrays = [floats(axes) for axes in (5, 3, 3, 5, 2, 2)]

    @kernel(*arrays, types.float64, types.float32, writes="y means rates")
    def layer_forward(worker, x, gamma, beta, y, means, rates, eps, slope):
        C, H, W = x.shape[1:4]
        for n in tasks(worker, x.shape[0]):
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
                        xh = score(x, (n, c, i, j), mean, rate)
                        u = fma(broadcast(gamma, (c, i, j)), xh, broadcast(beta, (c, i, j)))
                        store(y, (n, c, i, j), leak(u, u, slope))

    return layer_forward


@factory
def backward():
    """dx, one task per block."""

    @kernel(floats(5), floats(5), floats(3), floats(3), floats(2), floats(2), floats(5), types.float32, writes="dx")
    def layer_backward(worker, x, dy, gamma, beta, means, rates, dx, slope):
        B, C, H, W = x.shape[:4]
        for n in tasks(worker, B):
            mean, rate, share = load(means, (n,)), load(rates, (n,)), splat(1 / np.float64(C * H * W))
            errors, products = zero(), zero()
            for c in range(C):
                for i in range(H):
                    for j in range(W):
                        xh, scale = score(x, (n, c, i, j), mean, rate), broadcast(gamma, (c, i, j))
                        error = error_of(dy, (n, c, i, j), xh, scale, broadcast(beta, (c, i, j)), slope)
                        part = multiply(error, scale)
                        errors, products = add(errors, part), fma(part, xh, products)
            level, pull = multiply(errors, share), multiply(products, share)
            for c in range(C):
                for i in range(H):
                    for j in range(W):
                        xh, scale = score(x, (n, c, i, j), mean, rate), broadcast(gamma, (c, i, j))
                        error = error_of(dy, (n, c, i, j), xh, scale, broadcast(beta, (c, i, j)), slope)
                        rest = subtract(subtract(multiply(error, scale), level), multiply(xh, pull))
                        store(dx, (n, c, i, j), multiply(rest, rate))

    return layer_backward


@factory
def parameters():
    """dgamma and dbeta, one task per channel."""

    @kernel(
        *[floats(5)] * 2, *[floats(3)] * 2, *[floats(2)] * 2, *[floats(3)] * 2, types.float32, writes="dgamma dbeta"
    )
    def layer_parameters(worker, x, dy, gamma, beta, means, rates, dgamma, dbeta, slope):
        B, C, H, W = x.shape[:4]
        for c in tasks(worker, C):
            for i in range(H):
                for j in range(W):
                    errors, products = zero(), zero()
                    scale, shift = broadcast(gamma, (c, i, j)), broadcast(beta, (c, i, j))
                    for n in range(B):
                        xh = score(x, (n, c, i, j), load(means, (n,)), load(rates, (n,)))
                        error = error_of(dy, (n, c, i, j), xh, scale, shift, slope)
                        errors, products = add(errors, error), fma(error, xh, products)
                    dbeta[c, i, j], dgamma[c, i, j] = total(errors), total(products)

    return layer_parameters
