"""Local response normalisation on lane blocks [B, C, H, W, 16], one task per block and row of pixels.

A row of all channels stays in the cache while the window moves over its channels.
"""

from collections.abc import Callable

import numpy as np
from numba import get_thread_id, njit, types

from dlab.kernels import max_threads
from dlab.kernels.calls import Bound
from dlab.kernels.elementwise import divide, root
from dlab.kernels.exponential import exp
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, fma, load, multiply, scaled, splat, store, zero
from dlab.kernels.logarithm import log
from dlab.kernels.memory import workspace
from dlab.kernels.tasks import tasks
from dlab.layout import LANES

Call = Callable[[], object]
ROWS = types.Array(types.float32, 4, "C")
ONE = np.float32(1)
ROOTS = 8  # quarters in the largest beta that is taken from roots


@njit(inline="always")
def scale(x, at, half, k, alpha):
    """s = k + alpha sum of x^2 over the near channels."""
    n, c, i, j = at
    squares = zero()
    for d in range(max(0, c - half), min(x.shape[1], c + half + 1)):
        value = load(x, (n, d, i, j))
        squares = fma(value, value, squares)
    return scaled(squares, alpha, splat(k))


@njit(inline="always")
def inverse_power(s, beta, quarters):
    """s^-beta; where beta is `quarters` / 4, which is 0 for any other, from roots."""
    if quarters == 0:
        return exp(multiply(log(s), splat(-beta)))
    power = splat(ONE)
    if quarters & 2:
        power = root(s)
    if quarters & 1:
        power = multiply(power, root(root(s)))
    for _ in range(quarters // 4):
        power = multiply(power, s)
    return divide(splat(ONE), power)


@factory
def _forward(quarters):
    """y = x s^-beta."""

    @kernel(floats(5), floats(5), types.intp, *[types.float32] * 3, writes="y")
    def lrn(worker, x, y, half, k, alpha, beta):
        C, H, W = x.shape[1:4]
        for task in tasks(worker, x.shape[0] * H):
            n, i = task // H, task % H
            for c in range(C):
                for j in range(W):
                    at = n, c, i, j
                    power = inverse_power(scale(x, at, half, k, alpha), beta, quarters)
                    store(y, at, multiply(load(x, at), power))

    return lrn


@factory
def _backward(quarters):
    """dx = dy s^-beta first, and what each channel takes from its near ones, dy y / s, to a row of the thread's own."""

    @kernel(*[floats(5)] * 3, ROWS, types.intp, *[types.float32] * 4, writes="dx rows")
    def lrn_gradient(worker, x, dy, dx, rows, half, k, alpha, beta, pull):
        C, H, W = x.shape[1:4]
        for task in tasks(worker, x.shape[0] * H):
            thread, n, i = get_thread_id(), task // H, task % H
            for c in range(C):
                for j in range(W):
                    at = n, c, i, j
                    s = scale(x, at, half, k, alpha)
                    direct = multiply(load(dy, at), inverse_power(s, beta, quarters))
                    store(dx, at, direct)
                    store(rows, (thread, c, j), divide(multiply(direct, load(x, at)), s))
            for c in range(C):
                for j in range(W):
                    at, taken = (n, c, i, j), zero()
                    for d in range(max(0, c - half), min(C, c + half + 1)):
                        taken = add(taken, load(rows, (thread, d, j)))
                    store(dx, at, fma(scaled(taken, pull, zero()), load(x, at), load(dx, at)))

    return lrn_gradient


def _quarters(beta: float) -> int:
    """4 beta where that is a small whole number, else 0."""
    return int(4 * beta) if 4 * beta in range(1, ROOTS + 1) else 0


def forward(x, y, n, k, alpha, beta) -> Call:
    """y = x / (k + alpha times the sum of squares of the near channels)^beta."""
    run = _forward(_quarters(beta))
    return Bound(run, x, y, n // 2, k, alpha, beta)


def backward(x, dy, dx, n, k, alpha, beta) -> Call:
    """dx = dy s^-beta - 2 alpha beta x sum of dy y / s over the near channels."""
    run, [rows] = _backward(_quarters(beta)), workspace((max_threads(), x.shape[1], x.shape[3], LANES))
    return Bound(run, x, dy, dx, rows, n // 2, k, alpha, beta, -2 * alpha * beta)
