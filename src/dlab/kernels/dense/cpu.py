"""The dense layer on lane blocks: x [B, I, 16], w [O, I], b [O], y [B, O, 16].

Forward and data gradient keep the sums of some outputs in registers; forward, a weight that is loaded serves several
blocks.  The weight gradient is in `cpu_weights`.
"""

import numpy as np
from numba import types

from dlab.kernels.calls import Bound
from dlab.kernels.dense import cpu_weights
from dlab.kernels.dense.sizes import FLAT, LANED, PIECE, RESTS, ROWS, SLICE, TASKS, Call
from dlab.kernels.jit import factory, kernel
from dlab.kernels.lanes import broadcast, fma, leak, load, store, vector_registers, zero
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import best_tile, covers
from dlab.kernels.workers import unless_small
from dlab.layout import LANES

MOST = {1: 8, 2: 10, 4: 6}  # blocks of a forward tile, and the outputs that then fill the registers
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
        n_tiles = (B + n_tile - 1) // n_tile
        for task in tasks(worker, rest.shape[0]):
            n0, first = min(task % n_tiles * n_tile, B - n_tile), task // n_tiles * group
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
def _data_gradient(i_tile, gated):
    """dx[n,i] = f' sum_o w[o,i] dy[n,o], one task per group of blocks and group of inputs.

    A slice of rows of w stays in the second-level cache while all blocks and inputs of the groups pass over it;
    unfinished sums rest meanwhile.
    """

    @kernel(LANED, ROWS, LANED, LANED, RESTS, types.intp, types.intp, types.float32, writes="dx rest")
    def data_gradient(worker, dy, w, dx, gate, rest, blocks, slice_, slope):
        (O, I), B, group = w.shape, dy.shape[0], rest.shape[1] // blocks
        for task in tasks(worker, rest.shape[0]):
            n0, first = task % (B // blocks) * blocks, task // (B // blocks) * group
            count = min(group, (I + i_tile - 1) // i_tile - first)
            for start in range(0, O, slice_):
                for place in range(blocks * count):
                    n, i0 = n0 + place // count, min((first + place % count) * i_tile, I - i_tile)
                    acc = tile(i_tile)
                    for i in range(i_tile):
                        put(acc, i, zero() if start == 0 else load(rest, (task, place, i)))
                    for o in range(start, min(start + slice_, O)):
                        error = load(dy, (n, o))
                        for i in range(i_tile):
                            put(acc, i, fma(broadcast(w, (o, i0 + i)), error, get(acc, i)))
                    for i in range(i_tile):
                        value = get(acc, i)
                        if start + slice_ < O:
                            store(rest, (task, place, i), value)
                        else:
                            store(dx, (n, i0 + i), leak(value, load(gate, (n, i0 + i)), slope) if gated else value)

    return data_gradient


def _tile_of(blocks: int, outputs: int) -> tuple[int, int]:
    """Blocks and outputs of a forward tile: the fewest cycles for so many of each."""
    if vector_registers() < 32:
        return 1, min(4, outputs)
    tiles = [(n, min(most, outputs)) for n, most in MOST.items() if n <= blocks]
    return min(tiles, key=lambda t: covers(blocks, t[0]) * covers(outputs, t[1]) * (max(t[0] * t[1], 8) + sum(t) / 4))


def forward(x, w, b, y, slope=1.0) -> Call:
    """y = rectify(x w^T + b)."""
    (O, I), B = w.shape, len(x)
    n_tile, o_tile = _tile_of(B, O)
    n_tiles, o_tiles = covers(B, n_tile), covers(O, o_tile)
    group = max(1, o_tiles // covers(TASKS, n_tiles))
    slice_ = covers(I, covers(I, SLICE // n_tile))
    [rest] = workspace((n_tiles * covers(o_tiles, group), group, n_tile * o_tile, LANES))
    run = unless_small(_forward(n_tile, o_tile), B * O * I)
    bias = np.zeros(O, np.float32) if b is None else b
    return Bound(run, x, w, bias, y, rest, slice_, slope)


def data_gradient(dy, w, dx, gate=None, slope=1.0) -> Call:
    """dx = dy w, times the derivative of the rectifier that made the input `gate`."""
    (O, I), B = w.shape, len(dy)
    i_tile = best_tile(I, 1)[0]
    tiles, slice_ = covers(I, i_tile), max(SLICE_ROWS, min(O, PIECE // (4 * I)))
    blocks = B if slice_ < O else 1  # rows that no cache holds are read once for all blocks
    group = max(1, tiles // covers(TASKS, B // blocks))
    sums = i_tile if slice_ < O else 1
    [rest] = workspace((B // blocks * covers(tiles, group), blocks * group, sums, LANES))
    run = unless_small(_data_gradient(i_tile, gate is not None), B * O * I)
    other = dx if gate is None else gate
    return Bound(run, dy, w, dx, other, rest, blocks, slice_, slope)


def weight_gradient(x, dy, dw, db, samples=None) -> Call:
    """dw = dy^T x over the first `samples` samples, db = the sum of dy."""
    return cpu_weights.bind(x, dy, dw, db, LANES * len(x) if samples is None else samples)
