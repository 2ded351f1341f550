"""The weight gradient of a convolution of many filters as a kernel: here a vector is sixteen filters of one sample.

Lanes that are samples must be added up for every single weight, and until then take sixteen times the room of the
weights, which no cache holds where there are many.  Lanes that are filters are weights already, and samples that only
fill up the last block are left out.
"""

from collections.abc import Callable

from numba import njit, types

from dlab.kernels.calls import Bound
from dlab.kernels.convolution.cpu_forward import CODES
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast_lane, fma, leak, load, store, total, zero
from dlab.kernels.maxima import keep_where
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile, transpose
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import LARGE, MIN_CHAINS, covers
from dlab.layout import LANES

STRIPS, SUMS = types.Array(types.float32, 5, "C"), types.Array(types.float32, 6, "C")
STRIP = 1536  # vectors of a strip, which stay in the second-level cache
TASKS = 8  # at least, where there are channels enough
CHANNELS = 16  # of a task, at least: each task makes its strips anew


@njit(inline="always")
def gradient(dy, y, code, at, slope, pooled):
    """dy, or the gradient of the pooled y, which went to the maximum of each 2x2."""
    n, k, i, j = at
    if pooled:
        place = n, k, i // 2, j // 2
        return keep_where(leak(load(dy, place), load(y, place), slope), code, place, i % 2 * 2 + j % 2)
    return load(dy, at)


@njit(inline="always")
def take_strip(dy, y, code, strips, bias, at, here, vectors, slope, pooled):
    """Turn `count` positions of dy of a task's filters, and add them to the bias gradient."""
    (n, start, count), (task, k0, counts) = at, here
    K, OW = dy.shape[1], dy.shape[3] * 2 if pooled else dy.shape[3]
    for v in range(vectors):
        for a in range(count):
            square, i, j = tile(16), (start + a) // OW, (start + a) % OW
            for f in range(16):
                k = min(k0 + 16 * v + f, K - 1)
                value = gradient(dy, y, code, (n, k, i, j), slope, pooled)
                put(square, f, value)
                if counts:
                    store(bias, (task, 16 * v + f), add(load(bias, (task, 16 * v + f)), value))
            transpose(square)
            for lane in range(16):
                store(strips, (task, a, lane, v), get(square, lane))


@njit(inline="always")
def multiply_add(acc, ds, strips, x, task, at, a, lane, channels, vectors, FW):
    """One sample's share at one position for a whole tile: its filters' gradients times the pixels that they saw."""
    n, c, i, j = at
    for v in range(vectors):
        put(ds, v, load(strips, (task, a, lane, v)))
    for b in range(channels * FW):
        pixel = broadcast_lane(x, (n, c + b // FW, i, j), b % FW, lane)
        for v in range(vectors):
            put(acc, b * vectors + v, fma(pixel, get(ds, v), get(acc, b * vectors + v)))


@njit(inline="always")
def add_strip(sums, acc, ds, strips, x, task, at, c0, ct, p, samples, channels, vectors, FW, OW, stride):
    """sums += the strip's share of the weights of a tile of channels and one of their rows."""
    n, start, count = at
    for s in range(channels * FW * vectors):
        put(acc, s, zero())
    i, j = start // OW, start % OW
    for a in range(count):
        seen = n, c0, i * stride + p, j * stride
        for lane in range(samples):
            multiply_add(acc, ds, strips, x, task, seen, a, lane, channels, vectors, FW)
        i, j = (i, j + 1) if j + 1 < OW else (i + 1, 0)
    for s in range(channels * FW * vectors):
        store(sums, (task, ct, p, s), add(load(sums, (task, ct, p, s)), get(acc, s)))


@njit(inline="always")
def take_back(sums, dw, task, c0, ct, k0, channels, vectors):
    """dw of a tile of channels from its sums."""
    FW = dw.shape[3]
    for b in range(channels * FW):
        for p in range(dw.shape[2]):
            for k in range(k0, min(k0 + 16 * vectors, dw.shape[0])):
                at = task, ct, p, b * vectors + (k - k0) // 16, (k - k0) % 16
                dw[k, c0 + b // FW, p, b % FW] = sums[at]


@factory
def make_wide_weight_gradient(channels, vectors, FW, stride, pooled):
    """dw[k,c,p,q] = sum over n, i, j of dy[n,k,i,j] x[n,c,i S + p,j S + q], sixteen filters k in a vector.

    One task per tile of filters and group of channels.  A strip of positions of dy, turned so that a vector is one
    sample's, stays in the cache while all the task's channels pass over it.
    """
    size, scale = channels * FW * vectors, 2 if pooled else 1

    @kernel(*[floats(5)] * 3, CODES, STRIPS, STRIPS, floats(3), floats(4), floats(1),
            types.UniTuple(types.intp, 3), types.float32, writes="strips sums bias dw db")  # fmt: skip
    def wide_weight_gradient(worker, x, dy, y, code, strips, sums, bias, dw, db, sizes, slope):
        samples, groups, FH = sizes
        K, C, OH, OW = dy.shape[1], x.shape[1], dy.shape[2] * scale, dy.shape[3] * scale
        for task in tasks(worker, strips.shape[0]):
            acc, ds = tile(size), tile(vectors)
            k0, group, c_tiles = task // groups * 16 * vectors, task % groups, sums.shape[1]
            for k in range(16 * vectors):
                store(bias, (task, k), zero())
            for ct in range(c_tiles):
                for p in range(FH):
                    for s in range(size):
                        store(sums, (task, ct, p, s), zero())
            for n in range(dy.shape[0]):
                for start in range(0, OH * OW, strips.shape[1]):
                    at, here = (n, start, min(strips.shape[1], OH * OW - start)), (task, k0, group == 0)
                    take_strip(dy, y, code, strips, bias, at, here, vectors, slope, pooled)
                    for ct in range(c_tiles):
                        c0 = min((group * c_tiles + ct) * channels, C - channels)
                        for p in range(FH):
                            count = min(16, samples - 16 * n)
                            add_strip(sums, acc, ds, strips, x, task, at, c0, ct, p, count,
                                      channels, vectors, FW, OW, stride)  # fmt: skip
            for ct in range(c_tiles):
                c0 = min((group * c_tiles + ct) * channels, C - channels)
                take_back(sums, dw, task, c0, ct, k0, channels, vectors)
            if group == 0:
                for k in range(k0, min(k0 + 16 * vectors, K)):
                    db[k] = total(load(bias, (task, k - k0)))

    return wide_weight_gradient


def _tile_of(C: int, K: int, FW: int) -> tuple[int, int]:
    """Channels and vectors of filters of a tile: all FW weights of a row, the fewest loads a multiply-add."""

    def cost(tile: tuple[int, int]) -> float:
        c, v = tile
        return covers(C, c) * covers(K, LANES * v) * (max(c * FW * v, MIN_CHAINS) + c * FW / 4 + v)

    sizes = [(c, v) for c in range(1, min(C, 12) + 1) for v in range(1, min(8, covers(K, LANES)) + 1)]
    return min([(c, v) for c, v in sizes if c * FW * v <= LARGE] or [(1, 1)], key=cost)


def bind(x, dy, y, code, dw, db, stride, slope, pooled, samples) -> Callable[[], object]:
    """A weight gradient with its tile, its groups of channels and its workspaces."""
    K, C, FH, FW = dw.shape
    channels, vectors = _tile_of(C, K, FW)
    k_tiles = covers(K, LANES * vectors)
    groups = min(covers(TASKS, k_tiles), covers(C, max(CHANNELS, channels)))
    c_tiles = covers(covers(C, channels), groups)
    groups = covers(covers(C, channels), c_tiles)
    tasks_, filters = k_tiles * groups, LANES * vectors
    strips, sums, bias = workspace(
        (tasks_, max(1, STRIP // filters), LANES, vectors, LANES),
        (tasks_, c_tiles, FH, channels * FW * vectors, LANES),
        (tasks_, filters, LANES),
    )
    run = make_wide_weight_gradient(channels, vectors, FW, stride, pooled)
    sizes = (LANES * len(dy) if samples is None else samples), groups, FH
    return Bound(run, x, dy, y, code, strips, sums, bias, dw, db, sizes, slope)
