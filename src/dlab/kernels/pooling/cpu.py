"""Pooling on lane blocks [B, C, H, W, 16], one task per block and channel."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numba import prange, types

from dlab.kernels.jit import array, floats, kernel
from dlab.kernels.lanes import keep_where, leak, load, store, zero

Call = Callable[[], object]
CODES = array(types.int32, 5)
SIZES = (types.intp,) * 3


@lru_cache
def _max_forward():
    """y = largest x of the window, clipped at the border; code = its place p M + q, the first on ties."""

    @kernel(floats(5), floats(5), CODES, *SIZES)
    def max_forward(x, y, code, kernel, stride, pad):
        (C, H, W), (OH, OW) = x.shape[1:4], y.shape[2:4]
        for task in prange(x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(OH):
                for j in range(OW):
                    for lane in range(16):
                        y[n, c, i, j, lane] = -np.inf
                        code[n, c, i, j, lane] = -1
                    for p in range(max(0, pad - i * stride), min(kernel, H + pad - i * stride)):
                        for q in range(max(0, pad - j * stride), min(kernel, W + pad - j * stride)):
                            for lane in range(16):
                                value = x[n, c, i * stride + p - pad, j * stride + q - pad, lane]
                                if value > y[n, c, i, j, lane] or code[n, c, i, j, lane] < 0:
                                    y[n, c, i, j, lane] = value
                                    code[n, c, i, j, lane] = p * kernel + q

    return max_forward


@lru_cache
def _max_backward():
    """dx at each window's maximum += dy."""

    @kernel(floats(5), CODES, floats(5), *SIZES)
    def max_backward(dy, code, dx, kernel, stride, pad):
        (C, H, W), (OH, OW) = dx.shape[1:4], dy.shape[2:4]
        for task in prange(dx.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    store(dx, (n, c, i, j), zero())
            for i in range(OH):
                for j in range(OW):
                    for lane in range(16):
                        p, q = code[n, c, i, j, lane] // kernel, code[n, c, i, j, lane] % kernel
                        dx[n, c, i * stride + p - pad, j * stride + q - pad, lane] += dy[n, c, i, j, lane]

    return max_backward


@lru_cache
def _average_forward():
    """y = sum of the window / M^2."""

    @kernel(floats(5), floats(5), *SIZES)
    def average_forward(x, y, kernel, stride, pad):
        (C, H, W), (OH, OW) = x.shape[1:4], y.shape[2:4]
        share = np.float32(1) / np.float32(kernel * kernel)
        for task in prange(x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(OH):
                for j in range(OW):
                    for lane in range(16):
                        y[n, c, i, j, lane] = 0
                    for p in range(max(0, pad - i * stride), min(kernel, H + pad - i * stride)):
                        for q in range(max(0, pad - j * stride), min(kernel, W + pad - j * stride)):
                            for lane in range(16):
                                y[n, c, i, j, lane] += x[n, c, i * stride + p - pad, j * stride + q - pad, lane]
                    for lane in range(16):
                        y[n, c, i, j, lane] *= share

    return average_forward


@lru_cache
def _average_backward():
    """dx of every pixel += dy / M^2 of every window that sees it."""

    @kernel(floats(5), floats(5), *SIZES)
    def average_backward(dy, dx, kernel, stride, pad):
        (C, H, W), (OH, OW) = dx.shape[1:4], dy.shape[2:4]
        share = np.float32(1) / np.float32(kernel * kernel)
        for task in prange(dx.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    store(dx, (n, c, i, j), zero())
            for i in range(OH):
                for j in range(OW):
                    for p in range(max(0, pad - i * stride), min(kernel, H + pad - i * stride)):
                        for q in range(max(0, pad - j * stride), min(kernel, W + pad - j * stride)):
                            for lane in range(16):
                                part = dy[n, c, i, j, lane] * share
                                dx[n, c, i * stride + p - pad, j * stride + q - pad, lane] += part

    return average_backward


@lru_cache
def _unpool():
    """du = dy f' at the maximum of its 2x2 window, 0 elsewhere."""

    @kernel(floats(5), floats(5), array(types.uint8, 5), floats(5), types.float32)
    def unpool(dy, y, code, du, slope):
        (C, OH, OW), (H, W) = dy.shape[1:4], du.shape[2:4]
        for task in prange(dy.shape[0] * C):
            n, c = task // C, task % C
            for i in range(OH):
                for j in range(OW):
                    at = (n, c, i, j)
                    value = leak(load(dy, at), load(y, at), slope)
                    for r in range(2):
                        for e in range(2):
                            store(du, (n, c, 2 * i + r, 2 * j + e), keep_where(value, code, at, 2 * r + e))
            for i in range(H):
                for j in range(2 * OW if i < 2 * OH else 0, W):
                    store(du, (n, c, i, j), zero())

    return unpool


def max_forward(x, y, code, kernel, stride, pad) -> Call:
    """y = largest value of each window, code = where it stood."""
    run = _max_forward()
    return lambda: run(x, y, code, kernel, stride, pad)


def max_backward(dy, code, dx, kernel, stride, pad) -> Call:
    """dx = dy where the maximum stood, added up where windows overlap."""
    run = _max_backward()
    return lambda: run(dy, code, dx, kernel, stride, pad)


def average_forward(x, y, kernel, stride, pad) -> Call:
    """y = mean of each window."""
    run = _average_forward()
    return lambda: run(x, y, kernel, stride, pad)


def average_backward(dy, dx, kernel, stride, pad) -> Call:
    """dx = dy / M^2, added up where windows overlap."""
    run = _average_backward()
    return lambda: run(dy, dx, kernel, stride, pad)


def unpool(dy, y, code, du, slope) -> Call:
    """Backward of the fused 2x2 maximum and rectifier."""
    run = _unpool()
    return lambda: run(dy, y, code, du, slope)
