"""Activations on the GPU: one thread for each number of the batch."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from dlab.kernels.gpu import factory
from dlab.kernels.gpu.fields import ROWS, over, place
from dlab.kernels.gpu.language import cuda
from dlab.layout import volume

Call = Callable[[], object]
KINDS = ("rectify", "sigmoid", "tanh", "step")
RECTIFY, SIGMOID, TANH, STEP = range(4)
ONE, ZERO = np.float32(1), np.float32(0)


@cuda.jit(device=True)
def value(kind, u, slope):
    """f(u)."""
    if kind == RECTIFY:
        return u if u > ZERO else slope * u
    if kind == SIGMOID:
        return ONE / (ONE + math.exp(-u))
    if kind == TANH:
        return math.tanh(u)
    return ONE if u > ZERO else ZERO


@cuda.jit(device=True)
def gradient(kind, dy, y, slope):
    """dy f'(u), f' from y = f(u)."""
    if kind == RECTIFY:
        return dy if y > ZERO else slope * dy
    if kind == SIGMOID:
        return dy * (y * (ONE - y))
    if kind == TANH:
        return dy * (ONE - y * y)
    return dy * ZERO


@factory
def _forward(kind, size, x_steps, y_steps):
    """y = f(x)."""
    count = volume(size)

    @cuda.jit
    def activate(x, y, slope):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            y[place(number, size, y_steps, lane)] = value(kind, x[place(number, size, x_steps, lane)], slope)

    return activate


@factory
def _backward(kind, size, dy_steps, y_steps, dx_steps):
    """dx = dy f'(u)."""
    count = volume(size)

    @cuda.jit
    def differentiate(dy, y, dx, slope):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            error, made = dy[place(number, size, dy_steps, lane)], y[place(number, size, y_steps, lane)]
            dx[place(number, size, dx_steps, lane)] = gradient(kind, error, made, slope)

    return differentiate


def forward(kind, x, y, slope=0.0) -> Call:
    """y = f(x)."""
    return over(partial(_forward, KINDS.index(kind)), [x, y], np.float32(slope))


def backward(kind, dy, y, dx, slope=0.0) -> Call:
    """dx = dy f'(u), with f' from the output y."""
    return over(partial(_backward, KINDS.index(kind)), [dy, y, dx], np.float32(slope))
