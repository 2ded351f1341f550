"""Pooling on lane blocks [B, C, H, W, 16], one task per block and channel.

A window's result is gathered in a register; its gradient is added to all of its pixels, which are in the cache.
"""

from collections.abc import Callable
from math import prod

from numba import types

from dlab.kernels.calls import Bound
from dlab.kernels.elementwise import divide, integers, keep_equal, root, where_greater
from dlab.kernels.jit import array, factory, floats, kernel
from dlab.kernels.lanes import add, fma, leak, load, scaled, store, zero
from dlab.kernels.maxima import keep_where
from dlab.kernels.tasks import tasks

Call = Callable[[], object]
CODES = array(types.int32, 5)
SIZES = (types.intp,) * 5  # height and width of the window, its steps down and to the right, padding


@factory
def _max_forward():
    """y = largest x of the window, clipped at the border; code = its place p L + q, the first on ties."""

    @kernel(floats(5), floats(5), CODES, *SIZES, writes="y code")
    def max_forward(worker, x, y, code, height, width, down, right, pad):
        (C, H, W), (OH, OW) = x.shape[1:4], y.shape[2:4]
        for task in tasks(worker, x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(OH):
                for j in range(OW):
                    top, left = i * down - pad, j * right - pad
                    h0, v0 = max(0, top), max(0, left)
                    best, place = load(x, (n, c, h0, v0)), integers((h0 - top) * width + v0 - left)
                    for h in range(h0, min(H, top + height)):
                        for v in range(v0, min(W, left + width)):
                            value, here = load(x, (n, c, h, v)), integers((h - top) * width + v - left)
                            place = where_greater(value, best, here, place)
                            best = where_greater(value, best, value, best)
                    store(y, (n, c, i, j), best)
                    store(code, (n, c, i, j), place)

    return max_forward


@factory
def _max_backward():
    """dx at each window's maximum += dy."""

    @kernel(floats(5), CODES, floats(5), *SIZES, writes="dx")
    def max_backward(worker, dy, code, dx, height, width, down, right, pad):
        (C, H, W), (OH, OW) = dx.shape[1:4], dy.shape[2:4]
        for task in tasks(worker, dx.shape[0] * C):
            n, c = task // C, task % C
            for h in range(H):
                for v in range(W):
                    store(dx, (n, c, h, v), zero())
            for i in range(OH):
                for j in range(OW):
                    top, left = i * down - pad, j * right - pad
                    error, place = load(dy, (n, c, i, j)), load(code, (n, c, i, j))
                    for h in range(max(0, top), min(H, top + height)):
                        for v in range(max(0, left), min(W, left + width)):
                            part = keep_equal(error, place, integers((h - top) * width + v - left))
                            store(dx, (n, c, h, v), add(load(dx, (n, c, h, v)), part))

    return max_backward


@factory
def _sum_forward(squares):
    """y = share of the window's sum, or the root of its sum of squares."""

    @kernel(floats(5), floats(5), types.float32, *SIZES, writes="y")
    def sum_forward(worker, x, y, share, height, width, down, right, pad):
        (C, H, W), (OH, OW) = x.shape[1:4], y.shape[2:4]
        for task in tasks(worker, x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(OH):
                for j in range(OW):
                    top, left, whole = i * down - pad, j * right - pad, zero()
                    for h in range(max(0, top), min(H, top + height)):
                        for v in range(max(0, left), min(W, left + width)):
                            value = load(x, (n, c, h, v))
                            whole = fma(value, value, whole) if squares else add(whole, value)
                    store(y, (n, c, i, j), root(whole) if squares else scaled(whole, share, zero()))

    return sum_forward


@factory
def _sum_backward(squares):
    """dx of every pixel += what each window that sees it gives: share dy, or x dy / y where y > 0."""

    @kernel(*[floats(5)] * 4, types.float32, *SIZES, writes="dx")
    def sum_backward(worker, dy, x, y, dx, share, height, width, down, right, pad):
        (C, H, W), (OH, OW) = dx.shape[1:4], dy.shape[2:4]
        for task in tasks(worker, dx.shape[0] * C):
            n, c = task // C, task % C
            for h in range(H):
                for v in range(W):
                    store(dx, (n, c, h, v), zero())
            for i in range(OH):
                for j in range(OW):
                    top, left, part = i * down - pad, j * right - pad, load(dy, (n, c, i, j))
                    if squares:
                        length = load(y, (n, c, i, j))
                        part = where_greater(length, zero(), divide(part, length), zero())
                    else:
                        part = scaled(part, share, zero())
                    for h in range(max(0, top), min(H, top + height)):
                        for v in range(max(0, left), min(W, left + width)):
                            at = (n, c, h, v)
                            value = fma(part, load(x, at), load(dx, at)) if squares else add(load(dx, at), part)
                            store(dx, at, value)

    return sum_backward


@factory
def _unpool():
    """du = dy f' at the maximum of its 2x2 window, 0 elsewhere."""

    @kernel(floats(5), floats(5), array(types.uint8, 5), floats(5), types.float32, writes="du")
    def unpool(worker, dy, y, code, du, slope):
        (C, OH, OW), (H, W) = dy.shape[1:4], du.shape[2:4]
        for task in tasks(worker, dy.shape[0] * C):
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


def max_forward(x, y, code, window, stride, pad) -> Call:
    """y = largest value of each window, code = where it stood."""
    run, sizes = _max_forward(), (*window, *stride, pad)
    return Bound(run, x, y, code, *sizes)


def max_backward(dy, code, dx, window, stride, pad) -> Call:
    """dx = dy where the maximum stood, added up where windows overlap."""
    run, sizes = _max_backward(), (*window, *stride, pad)
    return Bound(run, dy, code, dx, *sizes)


def average_forward(x, y, window, stride, pad) -> Call:
    """y = mean of each window."""
    run, sizes = _sum_forward(False), (*window, *stride, pad)
    return Bound(run, x, y, 1 / prod(window), *sizes)


def average_backward(dy, dx, window, stride, pad) -> Call:
    """dx = dy / (M L), added up where windows overlap."""
    run, sizes = _sum_backward(False), (*window, *stride, pad)
    return Bound(run, dy, dx, dx, dx, 1 / prod(window), *sizes)


def l2_forward(x, y, window, stride, pad) -> Call:
    """y = length of each window."""
    run, sizes = _sum_forward(True), (*window, *stride, pad)
    return Bound(run, x, y, 1.0, *sizes)


def l2_backward(dy, x, y, dx, window, stride, pad) -> Call:
    """dx = dy x / y, added up where windows overlap."""
    run, sizes = _sum_backward(True), (*window, *stride, pad)
    return Bound(run, dy, x, y, dx, 1.0, *sizes)


def unpool(dy, y, code, du, slope) -> Call:
    """Backward of the fused 2x2 maximum and rectifier."""
    run = _unpool()
    return Bound(run, dy, y, code, du, slope)
