"""The weight gradient of a convolution by Winograd's short convolution of rows, as a kernel of lane blocks."""

from collections.abc import Callable

from numba import get_thread_id, njit, types

from dlab.kernels import max_threads
from dlab.kernels.calls import Bound, Calls
from dlab.kernels.convolution.cpu_forward import CODES
from dlab.kernels.convolution.cpu_weights_wide import gradient
from dlab.kernels.convolution.cpu_winograd import ROOM, see_row
from dlab.kernels.convolution.winograd import POINTS, ask, outputs_of, weight_transform
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, fma, load, load_ahead, scaled, store, total, vector_registers, zero
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import covers
from dlab.layout import LANES

ERRORS = PARTS = types.Array(types.float32, 6, "C")
PLACES = 80  # of a strip: enough to sum over, and few enough that a tile's e stays in the first-level cache
SEEN = 2000  # vectors of v, for as many channels as that allows
FILTERS = 16  # of a group: `part` of a group stays in the second-level cache
TASKS = 4  # at least; each more costs memory for its sums, which is what this kernel waits for


@njit(inline="always")
def ask_row(d, dy, y, code, e, points, bias, at, to, pieces, outputs, slope, pooled, counts):
    """e = the six points of every piece of a row of one filter's gradient, which is added to its bias gradient.

    What the last piece, which slides back, shares with the one before it counts there.
    """
    (n, k, i), (thread, s, tile_, row, place) = at, to
    OW = dy.shape[3] * 2 if pooled else dy.shape[3]
    whole = load(bias, (s, k))
    for j in range(pieces):
        j0 = min(j * outputs, OW - outputs)
        for t in range(outputs):
            inside = j0 + t >= j * outputs
            put(d, t, gradient(dy, y, code, (n, k, i, j0 + t), slope, pooled) if inside else zero())
            whole = add(whole, get(d, t))
        ask(points, d, outputs)
        for f in range(POINTS):
            store(e, (thread, f, tile_, row * pieces + j, place), get(points, f))
    if counts:
        store(bias, (s, k), whole)


@njit(inline="always")
def multiply_add(acc, ds, e, v, at, seen, places, pieces, k_tile, FH):
    """A strip's share for a whole tile: at each place, its filters' gradients times the FH rows that it saw."""
    (thread, f, tile_, first), (c, place) = at, seen
    for a in range(places):
        for k in range(k_tile):
            put(ds, k, load_ahead(e, (thread, f, tile_, first + a), k))
        for p in range(FH):
            value = load(v, (thread, f, c, place + a + p * pieces))
            for k in range(k_tile):
                put(acc, p * k_tile + k, fma(get(ds, k), value, get(acc, p * k_tile + k)))


@njit(inline="always")
def ask_all(d, dy, y, code, e, points, bias, group, chunk, k_tile, pieces, outputs, slope, pooled):
    """e and the bias gradient of the filter tiles of a group, for a chunk of strips."""
    (thread, s, first, last), (start, count, strips, rows, here), K = group, chunk, dy.shape[1]
    for kt in range(first, last):
        k0 = min(kt * k_tile, K - k_tile)
        for k in range(k_tile):
            for row in range(count * here):
                strip = start + row // here
                at, to = (strip // strips, k0 + k, strip % strips * rows + row % here), (thread, s, kt - first, row, k)
                counts = k0 + k >= kt * k_tile
                ask_row(d, dy, y, code, e, points, bias, at, to, pieces, outputs, slope, pooled, counts)


@njit(inline="always")
def see_all(x, v, d, points, thread, channels, chunk, pieces, OW, outputs, seen):
    """v of some channels, for a chunk of strips."""
    (c0, c1), (start, count, strips, rows, _) = channels, chunk
    for c in range(c0, c1):
        for row in range(count * seen):
            strip = start + row // seen
            at = strip // strips, c, strip % strips * rows + row % seen
            see_row(x, v, d, points, at, (thread, c - c0, row), pieces, OW, outputs, True, False)


@njit(inline="always")
def add_products(acc, ds, e, v, part, group, channels, chunk, fresh, pieces, k_tile, FH):
    """part += e v over the places of a chunk, for all tiles of a group and some channels."""
    (thread, s, first, last), (c0, c1), (_, count, _, _, here) = group, channels, chunk
    for f in range(POINTS):
        for kt in range(first, last):
            for c in range(c0, c1):
                for a in range(k_tile * FH):
                    put(acc, a, zero() if fresh else load(part, (s, f, kt, c, a)))
                for t in range(count):
                    at, seen = (thread, f, kt - first, t * here * pieces), (c - c0, t * (here + FH - 1) * pieces)
                    multiply_add(acc, ds, e, v, at, seen, here * pieces, pieces, k_tile, FH)
                for a in range(k_tile * FH):
                    store(part, (s, f, kt, c, a), get(acc, a))


@factory
def make_winograd_weights(k_tile, FH, taps, pooled):
    """dw = G' sum of (A dy) * (B' x), stride 1: one task per segment of blocks and group of filter tiles.

    A task takes chunks of strips of its filters' dy and of x to the six points, e and v, which belong to the thread,
    and adds up their products in `part`, lanes apart: part[s,f,kt,c,p,k] += sum_a e[f,kt,a,k] v[f,c,a + p pieces].
    """
    size, scale, outputs = k_tile * FH, 2 if pooled else 1, outputs_of(taps)

    @kernel(*[floats(5)] * 3, CODES, ERRORS, ROOM, PARTS, floats(3),
            types.UniTuple(types.intp, 5), types.float32, writes="e v part bias")  # fmt: skip
    def winograd_weights(worker, x, dy, y, code, e, v, part, bias, sizes, slope):
        B, C, K, OH, OW = x.shape[0], x.shape[1], bias.shape[1], dy.shape[2] * scale, dy.shape[3] * scale
        per_segment, per_group, rows, together, slice_ = sizes
        segments, tiles, pieces = part.shape[0], part.shape[2], (OW + outputs - 1) // outputs
        groups, strips = (tiles + per_group - 1) // per_group, (OH + rows - 1) // rows
        for task in tasks(worker, segments * groups):
            acc, ds, d, points = tile(size), tile(k_tile), tile(6), tile(6)
            s, first = task % segments, task // segments * per_group
            last = min(first + per_group, tiles)
            group = get_thread_id(), s, first, last
            for k in range(first * k_tile, min(last * k_tile, K)):
                store(bias, (s, k), zero())
            begin, end = s * per_segment * strips, min((s + 1) * per_segment, B) * strips
            for start in range(begin, end, together):
                chunk = start, min(together, end - start), strips, rows, min(rows, OH - start % strips * rows)
                ask_all(d, dy, y, code, e, points, bias, group, chunk, k_tile, pieces, outputs, slope, pooled)
                for c0 in range(0, C, slice_):
                    channels = c0, min(c0 + slice_, C)
                    see_all(x, v, d, points, group[0], channels, chunk, pieces, OW, outputs, chunk[4] + FH - 1)
                    add_products(acc, ds, e, v, part, group, channels, chunk, start == begin, pieces, k_tile, FH)

    return winograd_weights


@factory
def make_take_back(k_tile, taps):
    """dw = G' of the six sums of the segments, lanes added; db likewise: one task per filter tile."""

    @kernel(PARTS, floats(3), floats(2), floats(4), floats(1), writes="part bias dw db")
    def take_back(worker, part, bias, g, dw, db):
        K = dw.shape[0]
        for kt in tasks(worker, part.shape[2]):
            sums, k0 = tile(taps), min(kt * k_tile, K - k_tile)
            for k in range(k_tile):
                for c in range(dw.shape[1]):
                    for p in range(dw.shape[2]):
                        for q in range(taps):
                            put(sums, q, zero())
                        for f in range(POINTS):
                            whole = load(part, (0, f, kt, c, p * k_tile + k))
                            for s in range(1, part.shape[0]):
                                whole = add(whole, load(part, (s, f, kt, c, p * k_tile + k)))
                            for q in range(taps):
                                put(sums, q, scaled(whole, g[f, q], get(sums, q)))
                        for q in range(taps):
                            dw[k0 + k, c, p, q] = total(get(sums, q))
            for k in range(kt * k_tile, min((kt + 1) * k_tile, K)):
                whole = load(bias, (0, k))
                for s in range(1, part.shape[0]):
                    whole = add(whole, load(bias, (s, k)))
                db[k] = total(whole)

    return take_back


def bind(x, dy, y, code, dw, db, slope, pooled) -> Callable[[], object]:
    """A weight gradient with its tile, its groups and strips, and its workspaces."""
    (K, C, FH, taps), B, scale = dw.shape, dy.shape[0], 2 if pooled else 1
    OH, pieces = dy.shape[2] * scale, covers(dy.shape[3] * scale, outputs_of(taps))
    most = max(1, (vector_registers() - 1) // (FH + 1))  # with their errors and a vector of v
    k_tile = min(range(most - most // 2, most + 1), key=lambda k: (covers(K, k) * k, -k))
    tiles, per_group = covers(K, k_tile), covers(FILTERS, k_tile)
    per_segment = covers(B, min(B, covers(TASKS, covers(tiles, per_group))))
    rows = covers(OH, covers(OH, max(1, PLACES // pieces)))
    together = max(1, min(per_segment, PLACES // (OH * pieces)))
    slice_ = max(1, min(C, SEEN // (POINTS * together * (rows + FH - 1) * pieces)))
    segments = covers(B, per_segment)
    v, e, part, bias = workspace(
        (max_threads(), POINTS, slice_, together * (rows + FH - 1) * pieces | 1, LANES),
        (max_threads(), POINTS, per_group, together * rows * pieces, k_tile, LANES),
        (segments, POINTS, tiles, C, FH * k_tile, LANES),
        (segments, K, LANES),
    )
    run, take_back = make_winograd_weights(k_tile, FH, taps, pooled), make_take_back(k_tile, taps)
    sizes, g = (per_segment, per_group, rows, together, slice_), weight_transform(taps)

    transformed = Bound(run, x, dy, y, code, e, v, part, bias, sizes, slope)
    return Calls(transformed, Bound(take_back, part, bias, g, dw, db))
