"""Activations on lane blocks: plain scalar functions, which LLVM turns into vectors.

exp is our own, so that every processor and library gives the same bits: exp(x) = 2^n exp(r), r = x - n ln 2.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numba import njit, types

from dlab.kernels.jit import floats, kernel
from dlab.kernels.memory import as_images
from dlab.kernels.workers import tasks

Call = Callable[[], object]
LOG2E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
# Taylor series of (exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2, rounded to float32; relative error below 2e-7 in all.
SERIES = tuple(np.float32(1 / f) for f in (40320, 5040, 720, 120, 24, 6, 2))
ONE, TWO = np.float32(1), np.float32(2)
KINDS = ("rectify", "sigmoid", "tanh", "step")
RECTIFY, SIGMOID, TANH, STEP = range(4)


@njit(inline="always")
def power_and_rest(x):
    """(2^n, exp(r) - 1), whose combination gives exp(x) and exp(x) - 1 without cancellation; x limited to +-87."""
    limited = min(max(x, np.float32(-87)), np.float32(87))
    n = np.floor(limited * LOG2E + np.float32(0.5))
    r = limited - n * LN2_HIGH - n * LN2_LOW
    series = SERIES[0]
    for coefficient in SERIES[1:]:
        series = series * r + coefficient
    bits = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))
    return bits.view(np.float32), series * r * r + r


@njit(inline="always")
def exp(x):
    """exp(x) in float32."""
    power, rest = power_and_rest(x)
    return power * rest + power


@njit(inline="always")
def sigmoid(u):
    """1 / (1 + exp(-u))."""
    return ONE / (ONE + exp(-u))


@njit(inline="always")
def tanh(u):
    """tanh u = e / (e + 2) with e = exp(2 u) - 1."""
    power, rest = power_and_rest(u + u)
    e = power * rest + (power - ONE)
    return e / (e + TWO)


@njit(inline="always")
def value(kind, u, slope):
    """f(u)."""
    if kind == RECTIFY:
        return u if u > 0 else slope * u
    if kind == SIGMOID:
        return sigmoid(u)
    if kind == TANH:
        return tanh(u)
    return ONE if u > 0 else np.float32(0)


@njit(inline="always")
def derivative(kind, y, slope):
    """f'(u) from y = f(u)."""
    if kind == RECTIFY:
        return ONE if y > 0 else slope
    if kind == SIGMOID:
        return y * (ONE - y)
    if kind == TANH:
        return ONE - y * y
    return np.float32(0)


@lru_cache
def _forward(kind):
    """y = f(x), one task per block and channel."""

    @kernel(floats(5), floats(5), types.float32)
    def activate(worker, x, y, slope):
        C, H, W = x.shape[1:4]
        for task in tasks(worker, x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    for lane in range(16):
                        y[n, c, i, j, lane] = value(kind, x[n, c, i, j, lane], slope)

    return activate


@lru_cache
def _backward(kind):
    """dx = dy f'(u), one task per block and channel."""

    @kernel(*[floats(5)] * 3, types.float32)
    def differentiate(worker, dy, y, dx, slope):
        C, H, W = y.shape[1:4]
        for task in tasks(worker, y.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    for lane in range(16):
                        dx[n, c, i, j, lane] = dy[n, c, i, j, lane] * derivative(kind, y[n, c, i, j, lane], slope)

    return differentiate


def forward(kind, x, y, slope=0.0) -> Call:
    """y = f(x)."""
    run, source, target = _forward(KINDS.index(kind)), as_images(x), as_images(y)
    return lambda: run(source, target, slope)


def backward(kind, dy, y, dx, slope=0.0) -> Call:
    """dx = dy f'(u), with f' from the output y."""
    run, arrays = _backward(KINDS.index(kind)), [as_images(a) for a in (dy, y, dx)]
    return lambda: run(*arrays, slope)
