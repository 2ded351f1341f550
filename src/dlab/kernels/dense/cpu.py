"""The dense layer on lane blocks: x [B, I, 16], w [O, I], b [O], y [B, O, 16].

Forward and data gradient keep the sums of a tile in registers, and a weight that is loaded serves all of its blocks.
The blocks of a batch are whole tiles, and one of those that are left: 7 are 4 and 3.  The weight gradient is in
`cpu_weights`.
"""

import numpy as np
from numba import types

from dlab.kernels.calls import Bound, Calls
from dlab.kernels.dense import cpu_weights
from dlab.kernels.dense.sizes import FLAT, LANED, PIECE, RESTS, ROWS, SLICE, TASKS, Call
from dlab.kernels.jit import factory, kernel
from dlab.kernels.lanes import broadcast, fma, leak, load, store, vector_registers, zero
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import covers
from dlab.kernels.workers import unless_small
from dlab.layout import LANES

MOST = {1: 8, 2: 10, 3: 8, 4: 6}  # blocks of a tile, and the outputs or inputs that then fill the registers
SLICE_ROWS = 32  # of w, at least: of long ones the first-level cache holds few, whose addresses are alike


@factory
def _forward(n_tile, o_tile):
    """y[n,o] = f(b[o] + sum_i w[o,i] x[n,i]), one task per tile of blocks and group of outputs.

    A slice of the inputs stays in the first-level cache while all outputs of the group pass over it; unfinished sums
    rest meanwhile.
    """
    size = n_tile * o_tile

    @kernel(LANED, ROWS, FLAT, LANED, RESTS, types.intp, types.float32, writes="y rest")
    def dense(worker, x, w, b, y, rest, slice_, slope):
        (O, I), B, group = w.shape, x.shape[0], rest.shape[1]
        for task in tasks(worker, rest.shape[0]):
            n0, first = task % (B // n_tile) * n_tile, task // (B // n_tile) * group
            for i0 in range(0, I, slice_):
                for ot in range(min(group, (O + o_tile - 1) // o_tile - first)):
                    o0 = min((first + ot) * o_tile, O - o_tile)
                    acc, xs = tile(size), tile(n_tile)
                    for s in range(size):
                        put(acc, s, broadcast(b, (o0 + s // n_tile,)) if i0 == 0 else load(rest, (task, ot, s)))
                    for i in range(i0, min(i0 + slice_, I)):
                        for n in range(n_tile):
                            put(xs, n, load(x, (n0 + n, i)))
                        for o in range(o_tile):
                            weight = broadcast(w, (o0 + o, i))
                            for n in range(n_tile):
                                put(acc, o * n_tile + n, fma(weight, get(xs, n), get(acc, o * n_tile + n)))
                    for s in range(size):
                        if i0 + slice_ < I:
                            store(rest, (task, ot, s), get(acc, s))
                        else:
                            store(y, (n0 + s % n_tile, o0 + s // n_tile), leak(get(acc, s), get(acc, s), slope))

    return dense


@factory
def _data_gradient(n_tile, i_tile, gated):
    """dx[n,i] = f' sum_o w[o,i] dy[n,o], one task per group of tiles of blocks and group of inputs.

    A slice of rows of w stays in the second-level cache while all blocks and inputs of the groups pass over it;
    unfinished sums rest meanwhile.
    """
    size = n_tile * i_tile

    @kernel(LANED, ROWS, LANED, LANED, RESTS, types.intp, types.intp, types.float32, writes="dx rest")
    def data_gradient(worker, dy, w, dx, gate, rest, n_tiles, slice_, slope):
        (O, I), groups = w.shape, len(dy) // (n_tiles * n_tile)
        for task in tasks(worker, rest.shape[0]):
            b, first = task % groups * n_tiles, task // groups * (rest.shape[1] // n_tiles)
            count = min(rest.shape[1] // n_tiles, (I + i_tile - 1) // i_tile - first)
            for start in range(0, O, slice_):
                for place in range(n_tiles * count):
                    n0, i0 = (b + place // count) * n_tile, min((first + place % count) * i_tile, I - i_tile)
                    acc, errors = tile(size), tile(n_tile)
                    for s in range(size):
                        put(acc, s, zero() if start == 0 else load(rest, (task, place, s)))
                    for o in range(start, min(start + slice_, O)):
                        for n in range(n_tile):
                            put(errors, n, load(dy, (n0 + n, o)))
                        for i in range(i_tile):
                            weight = broadcast(w, (o, i0 + i))
                            for n in range(n_tile):
                                put(acc, i * n_tile + n, fma(weight, get(errors, n), get(acc, i * n_tile + n)))
                    for s in range(size):
                        value, at = get(acc, s), (n0 + s % n_tile, i0 + s // n_tile)
                        if start + slice_ < O:
                            store(rest, (task, place, s), value)
                        else:
                            store(dx, at, leak(value, load(gate, at), slope) if gated else value)

    return data_gradient


def _parts(blocks: int) -> list[tuple[slice, int]]:
    """Blocks cut into whole tiles and one of those that are left: which blocks, and how many are a tile."""
    n_tile = min(blocks, max(MOST)) if vector_registers() == 32 else 1
    whole = blocks - blocks % n_tile
    parts = (slice(0, whole), n_tile), (slice(whole, blocks), blocks - whole)
    return [part for part in parts if part[1]]


def _width_of(n_tile: int, numbers: int) -> int:
    """Outputs, or inputs, of a tile of so many blocks."""
    return min(MOST[n_tile] if vector_registers() == 32 else 4, numbers)


def forward(x, w, b, y, slope=1.0) -> Call:
    """y = rectify(x w^T + b)."""
    bias = np.zeros(len(w), np.float32) if b is None else b
    return Calls(*(_forward_part(x[part], w, bias, y[part], slope, n, len(x)) for part, n in _parts(len(x))))


def _forward_part(x, w, b, y, slope, n_tile, blocks) -> Call:
    """The forward pass of some of the blocks, which are whole tiles."""
    (O, I), n_tiles, o_tile = w.shape, len(x) // n_tile, _width_of(n_tile, len(w))
    o_tiles = covers(O, o_tile)
    group = max(1, o_tiles // covers(TASKS, n_tiles))
    slice_ = covers(I, covers(I, SLICE // n_tile))
    [rest] = workspace((n_tiles * covers(o_tiles, group), group, n_tile * o_tile, LANES))
    run = unless_small(_forward(n_tile, o_tile), blocks * O * I)
    return Bound(run, x, w, b, y, rest, slice_, slope)


def data_gradient(dy, w, dx, gate=None, slope=1.0) -> Call:
    """dx = dy w, times the derivative of the rectifier that made the input `gate`."""
    other, gated, B = dx if gate is None else gate, gate is not None, len(dy)
    given = ((dy[part], w, dx[part], other[part], gated, slope, n_tile, B) for part, n_tile in _parts(B))
    return Calls(*(_data_gradient_part(*each) for each in given))


def _data_gradient_part(dy, w, dx, gate, gated, slope, n_tile, blocks) -> Call:
    """The data gradient of some of the blocks, which are whole tiles."""
    (O, I), i_tile = w.shape, _width_of(n_tile, w.shape[1])
    tiles, slice_ = covers(I, i_tile), max(SLICE_ROWS, min(O, PIECE // (4 * I)))
    n_tiles = len(dy) // n_tile if slice_ < O else 1  # rows that no cache holds are read once for all blocks
    groups = len(dy) // (n_tiles * n_tile)
    group = max(1, tiles // covers(TASKS, groups))
    sums = n_tile * i_tile if slice_ < O else 1
    [rest] = workspace((groups * covers(tiles, group), n_tiles * group, sums, LANES))
    run = unless_small(_data_gradient(n_tile, i_tile, gated), blocks * O * I)
    return Bound(run, dy, w, dx, gate, rest, n_tiles, slice_, slope)


def weight_gradient(x, dy, dw, db, samples=None) -> Call:
    """dw = dy^T x over the first `samples` samples, db = the sum of dy."""
    return cpu_weights.bind(x, dy, dw, db, LANES * len(x) if samples is None else samples)
