"""Local response normalisation on the GPU: forward a thread for each number, channels side by side in a block.

Backward a block first works out what each of its channels and of their neighbours takes, then each gathers its own.
"""

import math
from collections.abc import Callable

import numpy as np

from dlab.kernels.gpu import Launch, factory
from dlab.kernels.gpu.fields import ROWS, U, at, steps_of, threads
from dlab.kernels.gpu.language import cuda
from dlab.layout import volume

Call = Callable[[], object]
CHANNELS = 16  # of a block
MOST = 128  # channels in its memory at a time
ZERO = np.float32(0)


@cuda.jit(device=True)
def strength(x, pixel, c, near, scale):
    """s = k + alpha sum of x^2 over near channels; pixel (i, j, steps, lane), near (C, n // 2), scale (k, alpha)."""
    (i, j, steps, lane), (C, half) = pixel, near
    squares = ZERO
    for d in range(max(0, c - half), min(C, c + half + 1)):
        value = x[at(d, i, j, steps, lane)]
        squares += value * value
    return scale[0] + scale[1] * squares


@factory
def _forward(half, size, x_steps, y_steps):
    """y = x s^-beta."""
    (C, _, width), count = size, volume(size)

    @cuda.jit
    def lrn(x, y, k, alpha, beta):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            pixel, c = U(U(number) // U(C)), np.int64(U(number) % U(C))
            i, j = U(pixel // U(width)), U(pixel % U(width))
            s = strength(x, (i, j, x_steps, lane), c, (C, half), (k, alpha))
            y[at(c, i, j, y_steps, lane)] = x[at(c, i, j, x_steps, lane)] * math.pow(s, -beta)

    return lrn


@factory
def _backward(half, size, x_steps, dy_steps, dx_steps):
    """dx = dy s^-beta - 2 alpha beta x sum of dy y / s over the near channels."""
    (C, _, width), groups, seen = size, -(-size[0] // CHANNELS), min(CHANNELS + 2 * half, MOST)
    shape = seen, 32

    @cuda.jit
    def lrn_gradient(x, dy, dx, k, alpha, beta, pull):
        direct = cuda.shared.array(shape, np.float32)
        near = cuda.shared.array(shape, np.float32)
        row, column = cuda.threadIdx.y, cuda.threadIdx.x
        lane = cuda.blockIdx.y * 32 + column
        first, pixel = cuda.blockIdx.x % groups * CHANNELS, cuda.blockIdx.x // groups
        i, j, c = pixel // width, pixel % width, first + row
        own, taken = ZERO, ZERO
        for base in range(first - half, first + CHANNELS + half, seen):
            for there in range(row, seen, CHANNELS):
                d = base + there
                if 0 <= d < C:
                    s = strength(x, (i, j, x_steps, lane), d, (C, half), (k, alpha))
                    power = dy[at(d, i, j, dy_steps, lane)] * math.pow(s, -beta)
                    direct[there, column] = power
                    near[there, column] = power * x[at(d, i, j, x_steps, lane)] / s
            cuda.syncthreads()
            for d in range(max(0, base, c - half), min(C, base + seen, c + half + 1)):
                taken += near[d - base, column]
                if d == c:
                    own = direct[d - base, column]
            cuda.syncthreads()
        if c < C:
            dx[at(c, i, j, dx_steps, lane)] = own + pull * taken * x[at(c, i, j, x_steps, lane)]

    return lrn_gradient


def forward(x, y, n, k, alpha, beta) -> Call:
    """y = x / (k + alpha times the sum of squares of the near channels)^beta."""
    size = x.shape[1:4]
    kernel = _forward(n // 2, size, *steps_of(x, y))
    return Launch(kernel, *threads(volume(size), x.shape[4]), x, y, *map(np.float32, (k, alpha, beta)))


def backward(x, dy, dx, n, k, alpha, beta) -> Call:
    """dx = dy s^-beta - 2 alpha beta x sum of dy y / s over the near channels."""
    C, H, W = size = x.shape[1:4]
    kernel, numbers = (
        _backward(n // 2, size, *steps_of(x, dy, dx)),
        map(np.float32, (k, alpha, beta, -2 * alpha * beta)),
    )
    blocks = threads(-(-C // CHANNELS) * CHANNELS * H * W, x.shape[4], CHANNELS)
    return Launch(kernel, *blocks, x, dy, dx, *numbers)
