"""Pooling on the GPU: forward a thread for each window, several for a large one; backward one for each pixel.

A pixel gathers what the windows that hold it have for it, row by row, so no two threads add to one number.
"""

import math
from collections.abc import Callable
from functools import partial
from math import ceil, prod

import numpy as np

from dlab.kernels.gpu import Launch, factory
from dlab.kernels.gpu.fields import ROWS, at, place, split, steps_of, threads
from dlab.kernels.gpu.language import cuda
from dlab.layout import volume

Call = Callable[[], object]
ZERO, ONE, LOWEST, NOWHERE = np.float32(0), np.float32(1), np.float32(-np.inf), np.int32(2**31 - 1)


@factory
def _max_forward(parts, rows, size, image, window, stride, pad, x_steps, y_steps, code_steps):
    """y = largest x of the window, clipped at the border; code = its place p L + q, the first on ties."""
    (H, W), L, (S, T) = image, window[1], stride
    count, area, shape = volume(size), prod(window), (rows, 32)

    @cuda.jit
    def max_forward(x, y, code):
        values = cuda.shared.array(shape, np.float32)
        places = cuda.shared.array(shape, np.int32)
        row, column = cuda.threadIdx.y, cuda.threadIdx.x
        number, part = (cuda.blockIdx.x * rows + row) // parts, row % parts
        lane = cuda.blockIdx.y * 32 + column
        best, here = LOWEST, NOWHERE
        if number < count:
            c, i, j = split(number, size)
            for t in range(part, area, parts):
                h, v = i * S + t // L - pad, j * T + t % L - pad
                if pad == 0 or (0 <= h < H and 0 <= v < W):
                    value = x[at(c, h, v, x_steps, lane)]
                    if value > best or here == NOWHERE:
                        best, here = value, np.int32(t)
        step = parts // 2
        while step > 0:
            values[row, column], places[row, column] = best, here
            cuda.syncthreads()
            if part < step:
                value, there = values[row + step, column], places[row + step, column]
                if value > best or (value == best and there < here):
                    best, here = value, there
            cuda.syncthreads()
            step //= 2
        if part == 0 and number < count:
            y[place(number, size, y_steps, lane)] = best
            code[place(number, size, code_steps, lane)] = here

    return max_forward


@factory
def _max_backward(size, windows, window, stride, pad, dy_steps, code_steps, dx_steps):
    """dx = the dy of the windows whose maximum the pixel is."""
    (OH, OW), (M, L), (S, T) = windows, window, stride
    count, high, wide = volume(size), min(OH, ceil(M / S)), min(OW, ceil(L / T))

    @cuda.jit
    def max_backward(dy, code, dx):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            c, h, v = split(number, size)
            last_i, last_j = min((h + pad) // S, OH - 1), min((v + pad) // T, OW - 1)
            whole = ZERO
            for i in range(last_i - high + 1, last_i + 1):
                for j in range(last_j - wide + 1, last_j + 1):
                    p, q = h + pad - i * S, v + pad - j * T
                    if i >= 0 and j >= 0 and p < M and q < L:
                        if code[at(c, i, j, code_steps, lane)] == p * L + q:
                            whole += dy[at(c, i, j, dy_steps, lane)]
            dx[place(number, size, dx_steps, lane)] = whole

    return max_backward


@factory
def _sum_forward(squares, parts, rows, size, image, window, stride, pad, x_steps, y_steps):
    """y = share of the window's sum, or the root of its sum of squares."""
    (H, W), L, (S, T) = image, window[1], stride
    count, area, shape = volume(size), prod(window), (rows, 32)

    @cuda.jit
    def sum_forward(x, y, share):
        sums = cuda.shared.array(shape, np.float32)
        row, column = cuda.threadIdx.y, cuda.threadIdx.x
        number, part = (cuda.blockIdx.x * rows + row) // parts, row % parts
        lane = cuda.blockIdx.y * 32 + column
        whole = ZERO
        if number < count:
            c, i, j = split(number, size)
            for t in range(part, area, parts):
                h, v = i * S + t // L - pad, j * T + t % L - pad
                if pad == 0 or (0 <= h < H and 0 <= v < W):
                    value = x[at(c, h, v, x_steps, lane)]
                    whole += value * value if squares else value
        step = parts // 2
        while step > 0:
            sums[row, column] = whole
            cuda.syncthreads()
            if part < step:
                whole += sums[row + step, column]
            cuda.syncthreads()
            step //= 2
        if part == 0 and number < count:
            y[place(number, size, y_steps, lane)] = math.sqrt(whole) if squares else whole * share

    return sum_forward


@factory
def _sum_backward(squares, size, windows, window, stride, pad, dy_steps, x_steps, y_steps, dx_steps):
    """dx = what the windows that hold the pixel give it: share dy, or x dy / y where y > 0."""
    (OH, OW), (M, L), (S, T) = windows, window, stride
    count, high, wide = volume(size), min(OH, ceil(M / S)), min(OW, ceil(L / T))

    @cuda.jit
    def sum_backward(dy, x, y, dx, share):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            c, h, v = split(number, size)
            last_i, last_j = min((h + pad) // S, OH - 1), min((v + pad) // T, OW - 1)
            whole = ZERO
            for i in range(last_i - high + 1, last_i + 1):
                for j in range(last_j - wide + 1, last_j + 1):
                    if i >= 0 and j >= 0 and h + pad - i * S < M and v + pad - j * T < L:
                        error = dy[at(c, i, j, dy_steps, lane)]
                        if squares:
                            length = y[at(c, i, j, y_steps, lane)]
                            error = error / length if length > ZERO else ZERO
                        whole += error
            factor = x[place(number, size, x_steps, lane)] if squares else share
            dx[place(number, size, dx_steps, lane)] = whole * factor

    return sum_backward


@factory
def _unpool(size, image, dy_steps, y_steps, code_steps, du_steps):
    """du = dy f' at the maximum of its 2x2 window, 0 elsewhere; also for the windows that the border cuts."""
    count, (H, W) = volume(size), image

    @cuda.jit
    def unpool(dy, y, code, du, slope):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            c, i, j = split(number, size)
            error, there = ZERO, 0
            if i < H // 2 and j < W // 2:
                error, there = dy[at(c, i, j, dy_steps, lane)], code[at(c, i, j, code_steps, lane)]
                error *= ONE if y[at(c, i, j, y_steps, lane)] > ZERO else slope
            for r in range(2):
                for e in range(2):
                    if 2 * i + r < H and 2 * j + e < W:
                        du[at(c, 2 * i + r, 2 * j + e, du_steps, lane)] = error if there == 2 * r + e else ZERO

    return unpool


def _forward(make, x, outputs, window, stride, pad, *arguments) -> Call:
    """Threads for each window: one, eight, or thirty-two where it holds a thousand numbers."""
    size, area = outputs[0].shape[1:4], prod(window)
    parts = 1 if area < 32 else 8 if area < 1024 else 32
    rows = max(ROWS, parts)
    kernel = make(parts, rows, size, x.shape[2:4], tuple(window), tuple(stride), pad, *steps_of(x, *outputs))
    return Launch(kernel, *threads(volume(size) * parts, x.shape[4], rows), x, *outputs, *arguments)


def _backward(make, given, dx, window, stride, pad, *arguments) -> Call:
    """A thread for each pixel of dx; the first of what is given is dy."""
    size, arrays = dx.shape[1:4], (*given, dx)
    kernel = make(size, given[0].shape[2:4], tuple(window), tuple(stride), pad, *steps_of(*arrays))
    return Launch(kernel, *threads(volume(size), dx.shape[4]), *arrays, *arguments)


def max_forward(x, y, code, window, stride, pad) -> Call:
    """y = largest value of each window, code = where it stood."""
    return _forward(_max_forward, x, (y, code), window, stride, pad)


def max_backward(dy, code, dx, window, stride, pad) -> Call:
    """dx = dy where the maximum stood, added up where windows overlap."""
    return _backward(_max_backward, (dy, code), dx, window, stride, pad)


def average_forward(x, y, window, stride, pad) -> Call:
    """y = mean of each window."""
    return _forward(partial(_sum_forward, False), x, (y,), window, stride, pad, np.float32(1 / prod(window)))


def average_backward(dy, dx, window, stride, pad) -> Call:
    """dx = dy / (M L), added up where windows overlap."""
    return _backward(partial(_sum_backward, False), (dy, dx, dx), dx, window, stride, pad, np.float32(1 / prod(window)))


def l2_forward(x, y, window, stride, pad) -> Call:
    """y = length of each window."""
    return _forward(partial(_sum_forward, True), x, (y,), window, stride, pad, ONE)


def l2_backward(dy, x, y, dx, window, stride, pad) -> Call:
    """dx = dy x / y, added up where windows overlap."""
    return _backward(partial(_sum_backward, True), (dy, x, y), dx, window, stride, pad, ONE)


def unpool(dy, y, code, du, slope) -> Call:
    """Backward of the fused 2x2 maximum and rectifier."""
    arrays, (C, H, W) = (dy, y, code, du), du.shape[1:4]
    size = C, -(-H // 2), -(-W // 2)
    kernel = _unpool(size, (H, W), *steps_of(*arrays))
    return Launch(kernel, *threads(volume(size), du.shape[4]), *arrays, np.float32(slope))
