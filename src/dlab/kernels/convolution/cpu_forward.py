"""The sum of a convolution, forward and (on turned weights) backward to the data, as a kernel of lane blocks."""

from collections.abc import Callable

from numba import njit, types

from dlab.kernels.calls import Bound, Calls
from dlab.kernels.jit import array, factory, floats, kernel
from dlab.kernels.lanes import broadcast, fma, leak, load, load_ahead, store
from dlab.kernels.maxima import max4, store_argmax4
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import best_tile, covers
from dlab.kernels.workers import alone
from dlab.layout import LANES

PLAIN, GATED, POOLED = 0, 1, 2  # what happens to a finished sum: rectify it, gate it by another array, or pool it
PATCH = 450  # vectors of x that stay in the first-level cache, of its 768
ALONE = 20_000  # weights that one thread has packed before another has woken
CODES, RESTS = array(types.uint8, 5), types.Array(types.float32, 4, "C")
PACKED = types.Array(types.float32, 1, "C")


@njit(inline="always")
def multiply_add(acc, xs, x, packed, at, q, k_tile, j_tile, columns, stride, low, high):
    """One term of the sum for a whole tile: its columns of x, times the weight of each of its filters.

    A row of x and a row of weights need one address each: all the rest is constant distances from these.  Of the
    columns of x that the tile sees only low <= column < high are read: the others are zero.
    """
    n, c, row, column, place = at
    for a in range(columns):
        if low <= q + a % j_tile * stride < high:
            put(xs, a, load_ahead(x, (n, c, row + a // j_tile * stride, column), q + a % j_tile * stride))
    for k in range(k_tile):
        weight = broadcast(packed, (place + q * k_tile + k,))
        for a in range(columns):
            if low <= q + a % j_tile * stride < high:
                put(acc, k * columns + a, fma(weight, get(xs, a), get(acc, k * columns + a)))


@njit(inline="always")
def finish(acc, y, gate, at, k_tile, columns, slope, ending):
    """Rectify a tile of sums by themselves, or by what stands in `gate`, and store it at (n, k0, i, j0)."""
    n, k0, i, j0 = at
    for k in range(k_tile):
        for j in range(columns):
            value = get(acc, k * columns + j)
            by = load(gate, (n, k0 + k, i, j0 + j)) if ending == GATED else value
            store(y, (n, k0 + k, i, j0 + j), leak(value, by, slope))


@njit(inline="always")
def finish_pooled(acc, y, code, at, k_tile, columns, slope):
    """Store the maximum of each 2x2 of a tile of two rows of sums, rectified, and which of the four it was."""
    n, k0, i, j0 = at
    half = columns // 2
    for k in range(k_tile):
        for j in range(half // 2):
            s, t = k * columns + 2 * j, k * columns + 2 * j + half
            best = max4(get(acc, s), get(acc, s + 1), get(acc, t), get(acc, t + 1))
            here = n, k0 + k, i, j0 // 2 + j
            store(y, here, leak(best, best, slope))
            store_argmax4(code, here, get(acc, s), get(acc, s + 1), get(acc, t), get(acc, t + 1))


@njit(inline="always")
def end_tile(acc, y, gate, code, at, k_tile, columns, slope, ending):
    """Pool a tile of finished sums, or store them as they are."""
    if ending == POOLED:
        finish_pooled(acc, y, code, at, k_tile, columns, slope)
    else:
        finish(acc, y, gate, at, k_tile, columns, slope, ending)


@factory
def make_pack():
    """packed[kt,c,p,q,k] = w[k0 + k,c,p,q], the weights in the order in which the tiles want them."""

    @kernel(floats(4), floats(5), writes="packed")
    def pack(worker, w, packed):
        k_tile = packed.shape[4]
        for kt in tasks(worker, packed.shape[0]):
            k0 = min(kt * k_tile, w.shape[0] - k_tile)
            for c in range(w.shape[1]):
                for p in range(w.shape[2]):
                    for q in range(w.shape[3]):
                        for k in range(k_tile):
                            packed[kt, c, p, q, k] = w[k0 + k, c, p, q]

    return pack


@factory
def make_forward(k_tile, j_tile, FW, stride, ending, left, right):
    """y[n,k,i,j] = f(b[k] + sum_cpq w[k,c,p,q] x[n,c,i S + p,j S + q]), one task per block and row of tiles.

    Only the rows top <= i S + p < bottom of x are read, and not the first `left` and last `right` columns of a row of
    two tiles: those are known to be zero.  A slice of channels stays in the first-level cache while every
    filter tile passes over it; unfinished sums rest in `rest` meanwhile.
    """
    rows, images = 2 if ending == POOLED else 1, [floats(n) for n in (1, 5, 5)]
    columns, wide = rows * j_tile, (j_tile - 1) * stride + FW
    size, end = k_tile * columns, wide - right

    @kernel(floats(5), PACKED, *images, CODES, RESTS, *[types.intp] * 4, types.float32, writes="y code rest")
    def convolution(worker, x, w, b, y, gate, code, rest, FH, top, bottom, slice_, slope):
        C, K, strips, OW = x.shape[1], y.shape[1], y.shape[2], y.shape[3] * rows
        for task in tasks(worker, y.shape[0] * strips):
            n, strip, i = task // strips, task % strips, task % strips * rows * stride
            first, last = max(0, top - i), min(FH, bottom - i)
            for jt in range((OW + j_tile - 1) // j_tile):
                j0 = min(jt * j_tile, OW - j_tile)
                for c0 in range(0, C, slice_):
                    for kt in range((K + k_tile - 1) // k_tile):
                        k0, acc, xs = min(kt * k_tile, K - k_tile), tile(size), tile(columns)
                        for s in range(size):
                            put(acc, s, broadcast(b, (k0 + s // columns,)) if c0 == 0 else load(rest, (task, kt, s)))
                        for c in range(c0, min(c0 + slice_, C)):
                            for p in range(first, last):
                                at = n, c, i + p, j0 * stride, ((kt * C + c) * FH + p) * FW * k_tile
                                if jt == 0 or left + right == 0:
                                    for q in range(FW):
                                        multiply_add(acc, xs, x, w, at, q, k_tile, j_tile, columns, stride, left, wide)
                                else:
                                    for q in range(FW):
                                        multiply_add(acc, xs, x, w, at, q, k_tile, j_tile, columns, stride, 0, end)
                        if c0 + slice_ < C:
                            for s in range(size):
                                store(rest, (task, kt, s), get(acc, s))
                        else:
                            end_tile(acc, y, gate, code, (n, k0, strip, j0), k_tile, columns, slope, ending)

    return convolution


def bind(x, w, b, y, gate, code, stride, slope, ending, valid) -> Callable[[], object]:
    """A forward kernel with its tile, its slice of channels and its workspace."""
    rows, (K, C, FH, FW) = 2 if ending == POOLED else 1, w.shape
    (top, bottom), (left, right) = valid
    OW = y.shape[3] * rows
    k_tile, j_tile = best_tile(K, OW, rows, even=ending == POOLED)
    edges = (left, x.shape[3] - right) if covers(OW, j_tile) == 2 else (0, 0)  # in longer rows they are few
    patch = ((rows - 1) * stride + FH) * ((j_tile - 1) * stride + FW)
    slice_ = max(1, min(C, PATCH // patch))
    slice_ = covers(C, covers(C, slice_))
    places = y.shape[0] * y.shape[2] if slice_ < C else 1
    k_tiles = covers(K, k_tile)
    rest, packed = workspace((places, k_tiles, k_tile * rows * j_tile, LANES), (k_tiles, C, FH, FW, k_tile))
    run, flat = make_forward(k_tile, j_tile, FW, stride, ending, *edges), packed.reshape(-1)
    pack = make_pack() if packed.size > ALONE else alone(make_pack())

    return Calls(Bound(pack, w, packed), Bound(run, x, flat, b, y, gate, code, rest, FH, top, bottom, slice_, slope))
