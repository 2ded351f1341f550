"""The sum of a convolution by Winograd's short convolution of rows, as a kernel of lane blocks."""

from collections.abc import Callable

from numba import get_thread_id, njit, types

from dlab.kernels import max_threads
from dlab.kernels.calls import Bound, Calls
from dlab.kernels.convolution.cpu_forward import CODES, POOLED, finish, finish_pooled
from dlab.kernels.convolution.winograd import AT, POINTS, SCALES, answer, outputs_of, see
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, load, load_ahead, store, zero
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import best_tile, covers
from dlab.layout import LANES

ROOM = types.Array(types.float32, 5, "C")
SEEN = 700  # vectors of v at one point: they just about stay in the first-level cache, of its 768
SLICE = 2800  # of a slice of channels: at all six points they stay in the second-level cache
TASKS = 8  # at least, where there are rows enough
MANY = 128  # filters: what they see is made once for each half of them without much loss


@factory
def make_transform(taps):
    """u[f, kt, p, c, k] = the polynomial of taps w[k, c, p] at point f, the filters of a tile side by side.

    The last tile is filled up with the last filter.
    """

    @kernel(floats(4), ROOM, writes="u")
    def transform(worker, w, u):
        for kt in tasks(worker, u.shape[1]):
            for k in range(u.shape[4]):
                filter_ = min(kt * u.shape[4] + k, w.shape[0] - 1)
                for c in range(w.shape[1]):
                    for p in range(w.shape[2]):
                        last = w[filter_, c, p, taps - 1]
                        for f in range(POINTS - 1):
                            whole = last
                            for q in range(taps - 2, -1, -1):
                                whole = whole * AT[f] + w[filter_, c, p, q]
                            u[f, kt, p, c, k] = SCALES[f] * whole
                        u[POINTS - 1, kt, p, c, k] = last

    return transform


@njit(inline="always")
def see_row(x, v, d, points, at, to, pieces, OW, outputs, inside, by_place):
    """v = the six points of every piece of a row of x, or 0; the last piece slides back."""
    (n, c, i), (thread, place, row) = at, to
    for j in range(pieces):
        j0 = min(j * outputs, OW - outputs)
        for s in range(POINTS):
            put(d, s, load_ahead(x, (n, c, i, j0), s) if inside else zero())
        see(points, d)
        for f in range(POINTS):
            here = (thread, f, row * pieces + j, place) if by_place else (thread, f, place, row * pieces + j)
            store(v, here, get(points, f))


@njit(inline="always")
def multiply_add(acc, xs, u, v, m, at, place, terms, channels, k_tile, j_tile, pieces):
    """m += the sums of a tile of filters and places at one point, over some channels and the rows p of `terms`."""
    (thread, f, kt, k0), (first, last), (c0, c1) = at, terms, channels
    for s in range(k_tile * j_tile):
        put(acc, s, zero() if c0 == 0 else load(m, (thread, f, k0 + s // j_tile, place + s % j_tile)))
    for p in range(first, last):
        for c in range(c0, c1):
            for a in range(j_tile):
                put(xs, a, load(v, (thread, f, place + p * pieces + a, c - c0)))
            for k in range(k_tile):
                weight = broadcast(u, (f, kt, p, c, k))
                for a in range(j_tile):
                    put(acc, k * j_tile + a, fma(weight, get(xs, a), get(acc, k * j_tile + a)))
    for s in range(k_tile * j_tile):
        store(m, (thread, f, k0 + s // j_tile, place + s % j_tile), get(acc, s))


@njit(inline="always")
def answer_piece(ys, first, points, m, b, at, outputs):
    """The outputs of one piece from its six products, with the bias."""
    thread, k, place = at
    for f in range(POINTS):
        put(points, f, load(m, (thread, f, k, place)))
    answer(ys, first, points, outputs)
    for s in range(first, first + outputs):
        put(ys, s, add(get(ys, s), broadcast(b, (k,))))


@njit(inline="always")
def answer_all(ys, points, m, b, y, gate, code, at, filters, here, OW, outputs, slope, ending):
    """y = the outputs of some filters in a strip, rectified, gated or pooled."""
    thread, n, i = at
    step, pieces = 2 if ending == POOLED else 1, (OW + outputs - 1) // outputs
    for k in range(*filters):
        for place in range(here // step * pieces):
            row, j0 = place // pieces * step, min(place % pieces * outputs, OW - outputs)
            a = row * pieces + place % pieces
            answer_piece(ys, 0, points, m, b, (thread, k, a), outputs)
            if ending == POOLED:
                answer_piece(ys, outputs, points, m, b, (thread, k, a + pieces), outputs)
                finish_pooled(ys, y, code, (n, k, (i + row) // 2, j0), 1, 2 * outputs, slope)
            else:
                finish(ys, y, gate, (n, k, i + row, j0), 1, outputs, slope, ending)


@factory
def make_winograd(k_tile, j_tile, taps, ending):
    """y = f(b + convolution of x with w), stride 1: one task per block, strip of rows and group of filter tiles.

    u, the weights at the six points, is made first.  A task then takes its rows of a slice of channels of x to the six
    points, v; multiplies and adds, m[f,k,a] += sum_pc u[f,k,p,c] v[f,a + p pieces,c], where a counts the pieces of all
    rows; and after the last slice takes the sums back.  v and m belong to the thread; channels follow each other in
    v, as the sum reads them.  Rows of x outside top <= i < bottom are known to be zero.
    """
    scale, size, outputs = 2 if ending == POOLED else 1, k_tile * j_tile, outputs_of(taps)

    images = [floats(n) for n in (5, 1, 5, 5)]

    @kernel(*images, CODES, ROOM, ROOM, ROOM, *[types.intp] * 5, types.float32, writes="y code v m")
    def winograd(worker, x, b, y, gate, code, u, v, m, rows, groups, slice_, top, bottom, slope):
        C, K, FH, OH, OW = x.shape[1], y.shape[1], u.shape[2], y.shape[2] * scale, y.shape[3] * scale
        strips, tiles, pieces = (OH + rows - 1) // rows, u.shape[1], (OW + outputs - 1) // outputs
        for task in tasks(worker, y.shape[0] * strips * groups):
            thread, n, i = get_thread_id(), task // (strips * groups), task // groups % strips * rows
            first, last = task % groups * tiles // groups, (task % groups + 1) * tiles // groups
            here = min(rows, OH - i)
            places = here * pieces
            acc, xs, d, points, ys = tile(size), tile(j_tile), tile(6), tile(6), tile(8)
            for c0 in range(0, C, slice_):
                channels = c0, min(c0 + slice_, C)
                for c in range(*channels):
                    for row in range(here + FH - 1):
                        inside = top <= i + row < bottom
                        seen, to = (n, c, i + row), (thread, c - c0, row)
                        see_row(x, v, d, points, seen, to, pieces, OW, outputs, inside, True)
                for tile_ in range(POINTS * (last - first)):
                    f, kt = tile_ // (last - first), first + tile_ % (last - first)
                    at = thread, f, kt, kt * k_tile
                    for jt in range((places + j_tile - 1) // j_tile):
                        a0 = jt * j_tile
                        terms = max(0, top - i - (a0 + j_tile - 1) // pieces), min(FH, bottom - i - a0 // pieces)
                        multiply_add(acc, xs, u, v, m, at, a0, terms, channels, k_tile, j_tile, pieces)
            filters = first * k_tile, min(last * k_tile, K)
            answer_all(ys, points, m, b, y, gate, code, (thread, n, i), filters, here, OW, outputs, slope, ending)

    return winograd


def bind(x, w, b, y, gate, code, slope, ending, valid) -> Callable[[], object]:
    """A kernel with its tile, its strips and its workspaces, a piece for each thread."""
    (K, C, FH, taps), B, scale = w.shape, y.shape[0], 2 if ending == POOLED else 1
    OH, pieces = y.shape[2] * scale, covers(y.shape[3] * scale, outputs_of(taps))
    rows = max(2, min(SEEN // (C * pieces) - FH + 1, covers(OH * B, TASKS)))
    rows = 2 * covers(OH, 2 * covers(OH, rows // 2 * 2))
    k_tile, j_tile = best_tile(K, pieces)
    slice_ = covers(C, covers(C, max(1, SLICE // ((rows + FH - 1) * pieces))))
    k_tiles, j_tiles = covers(K, k_tile), covers(rows * pieces, j_tile)
    v, m, u = workspace(
        (max_threads(), POINTS, j_tiles * j_tile + (FH - 1) * pieces, slice_ | 1, LANES),
        (max_threads(), POINTS, k_tiles * k_tile, j_tiles * j_tile, LANES),
        (POINTS, k_tiles, FH, C, k_tile),
    )
    groups = 2 if B * covers(OH, rows) < TASKS and K >= MANY else 1
    transform, run = make_transform(taps), make_winograd(k_tile, j_tile, taps, ending)

    return Calls(Bound(transform, w, u), Bound(run, x, b, y, gate, code, u, v, m, rows, groups, slice_, *valid, slope))
