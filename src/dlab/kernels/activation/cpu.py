"""Activations on lane blocks [B, C, H, W, 16]: the formulas, sixteen samples at a time."""

from collections.abc import Callable

import numpy as np
from numba import njit, types

from dlab.kernels.calls import Bound
from dlab.kernels.elementwise import divide, where_greater
from dlab.kernels.exponential import exp, power_and_rest
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, leak, load, multiply, splat, store, subtract, zero
from dlab.kernels.memory import as_images
from dlab.kernels.tasks import tasks

Call = Callable[[], object]
ONE, TWO = np.float32(1), np.float32(2)
KINDS = ("rectify", "sigmoid", "tanh", "step")
RECTIFY, SIGMOID, TANH, STEP = range(4)


@njit(inline="always")
def sigmoid(u):
    """1 / (1 + exp(-u))."""
    return divide(splat(ONE), add(splat(ONE), exp(subtract(zero(), u))))


@njit(inline="always")
def tanh(u):
    """tanh u = e / (e + 2) with e = exp(2 u) - 1."""
    power, rest = power_and_rest(add(u, u))
    e = add(multiply(power, rest), subtract(power, splat(ONE)))
    return divide(e, add(e, splat(TWO)))


@njit(inline="always")
def value(kind, u, slope):
    """f(u)."""
    if kind == RECTIFY:
        return leak(u, u, slope)
    if kind == SIGMOID:
        return sigmoid(u)
    if kind == TANH:
        return tanh(u)
    return where_greater(u, zero(), splat(ONE), zero())


@njit(inline="always")
def gradient(kind, dy, y, slope):
    """dy f'(u), f' from y = f(u)."""
    if kind == RECTIFY:
        return leak(dy, y, slope)
    if kind == SIGMOID:
        return multiply(dy, multiply(y, subtract(splat(ONE), y)))
    if kind == TANH:
        return multiply(dy, subtract(splat(ONE), multiply(y, y)))
    return multiply(dy, zero())


@factory
def _forward(kind):
    """y = f(x), one task per block and channel."""

    @kernel(floats(5), floats(5), types.float32, writes="y")
    def activate(worker, x, y, slope):
        C, H, W = x.shape[1:4]
        for task in tasks(worker, x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    store(y, (n, c, i, j), value(kind, load(x, (n, c, i, j)), slope))

    return activate


@factory
def _backward(kind):
    """dx = dy f'(u), one task per block and channel."""

    @kernel(*[floats(5)] * 3, types.float32, writes="dx")
    def differentiate(worker, dy, y, dx, slope):
        C, H, W = y.shape[1:4]
        for task in tasks(worker, y.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    at = (n, c, i, j)
                    store(dx, at, gradient(kind, load(dy, at), load(y, at), slope))

    return differentiate


def forward(kind, x, y, slope=0.0) -> Call:
    """y = f(x)."""
    run, source, target = _forward(KINDS.index(kind)), as_images(x), as_images(y)
    return Bound(run, source, target, slope)


def backward(kind, dy, y, dx, slope=0.0) -> Call:
    """dx = dy f'(u), with f' from the output y."""
    run, arrays = _backward(KINDS.index(kind)), [as_images(a) for a in (dy, y, dx)]
    return Bound(run, *arrays, slope)
