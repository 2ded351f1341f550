"""The weight gradient of a dense layer: x [B, I, 16], dy [B, O, 16], dw [O, I], db [O].

It sums over samples, so here the vector runs along the inputs: 16 neighbouring weights of a row.
"""

from numba import get_thread_id, njit, types

from dlab.kernels import max_threads
from dlab.kernels.calls import Bound, Calls
from dlab.kernels.dense.sizes import LANED, PIECE, ROWS, TASKS, Call
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, load, store, total, vector_registers, zero
from dlab.kernels.memory import workspace
from dlab.kernels.partial import store_first
from dlab.kernels.registers import get, put, tile, transpose
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import best_tile, covers
from dlab.kernels.workers import alone, unless_small
from dlab.layout import LANES

LONG = 4 << 20  # bytes of dw that no second-level cache holds


@njit(inline="always")
def turn(square, x, rows, n, first, at):
    """Copy sixteen inputs of block n, one vector an input, to `rows`, one vector a sample."""
    thread, it, v = at
    for i in range(16):
        put(square, i, load(x, (n, min(first + i, x.shape[1] - 1))))
    transpose(square)
    for lane in range(16):
        store(rows, (thread, it, n * 16 + lane, v), get(square, lane))


@njit(inline="always")
def store_rows(acc, dw, o0, i0, o_tile, v_tile):
    """Store a tile of vectors of neighbouring weights; the last ones of a row may be part of a vector."""
    for v in range(v_tile):
        width = dw.shape[1] - i0 - 16 * v
        for o in range(o_tile):
            value, at = get(acc, o * v_tile + v), (o0 + o, i0 + 16 * v)
            if width >= 16:
                store(dw, at, value)
            elif width > 0:
                store_first(dw, at, value, width)


@factory
def _weight_gradient(v_tile, o_tile):
    """dw[o,i] = sum_n dy[n,o] x[n,i], 16 inputs i in a vector; samples in order, padding lanes left out.

    One task per group of columns and group of rows of dw: it turns its columns of x into rows, which then stay in the
    cache while its outputs pass over them.
    """
    size = v_tile * o_tile

    @kernel(LANED, LANED, types.Array(types.float32, 5, "C"), ROWS, types.intp, types.intp, writes="rows dw")
    def weight_gradient(worker, x, dy, rows, dw, samples, group):
        (O, I), count = dw.shape, rows.shape[1]
        o_tiles = (O + o_tile - 1) // o_tile
        groups = (I + v_tile * count * 16 - 1) // (v_tile * count * 16)
        for task in tasks(worker, groups * ((o_tiles + group - 1) // group)):
            thread, first, start = get_thread_id(), task % groups * count * v_tile * 16, task // groups * group
            for n in range(x.shape[0]):
                for it in range(count):
                    for v in range(v_tile):
                        square = tile(16)
                        turn(square, x, rows, n, first + (it * v_tile + v) * 16, (thread, it, v))
            for ot in range(start, min(start + group, o_tiles)):
                o0 = min(ot * o_tile, O - o_tile)
                for it in range(count):
                    acc, xs = tile(size), tile(v_tile)
                    for a in range(size):
                        put(acc, a, zero())
                    for n in range(x.shape[0]):
                        for l in range(min(16, samples - n * 16)):
                            for v in range(v_tile):
                                put(xs, v, load(rows, (thread, it, n * 16 + l, v)))
                            for o in range(o_tile):
                                error = broadcast(dy, (n, o0 + o, l))
                                for v in range(v_tile):
                                    put(acc, o * v_tile + v, fma(error, get(xs, v), get(acc, o * v_tile + v)))
                    store_rows(acc, dw, o0, first + it * v_tile * 16, o_tile, v_tile)

    return weight_gradient


@factory
def _bias_gradient():
    """db[o] = sum_n dy[n,o]."""

    @kernel(floats(3), floats(1), writes="db")
    def bias_gradient(worker, dy, db):
        for o in tasks(worker, db.size):
            whole = load(dy, (0, o))
            for n in range(1, dy.shape[0]):
                whole = add(whole, load(dy, (n, o)))
            db[o] = total(whole)

    return bias_gradient


def bind(x, dy, dw, db, samples) -> Call:
    """A weight gradient with its tile, its groups and its workspace.

    The rows of a small dw stay in the cache while the columns come one tile after another; those of a large one are
    written once from end to end.
    """
    (outputs, inputs), lanes = dw.shape, LANES * len(x)
    wide = vector_registers() == 32 and inputs > LANES and outputs >= 10
    v_tile, o_tile = (2, 10) if wide else (1, best_tile(outputs, 1)[0])
    tiles, o_tiles = covers(inputs, v_tile * LANES), covers(outputs, o_tile)
    count, group = 1, o_tiles
    if dw.nbytes > LONG:
        count = max(1, min(tiles, PIECE // (4 * LANES * v_tile * lanes)))
        group = covers(o_tiles, covers(TASKS, covers(tiles, count)))
    [rows] = workspace((max_threads(), count, lanes, v_tile, LANES))
    run, sum_bias = unless_small(_weight_gradient(v_tile, o_tile), len(x) * dw.size), alone(_bias_gradient())

    weights = Bound(run, x, dy, rows, dw, samples, group)
    return weights if db is None else Calls(weights, Bound(sum_bias, dy, db))
