"""The dense layer on lane blocks: x [B, I, 16], w [O, I], b [O], y [B, O, 16].

Forward and data gradient keep the sums of some blocks and some rows of w in registers: a weight that is loaded serves
all these blocks.  The weight gradient sums over samples, so there the vector runs along the inputs instead: 16
neighbouring weights of a row.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numba import njit, types

from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, leak, load, store, total, vector_registers, zero
from dlab.kernels.memory import workspace
from dlab.kernels.partial import store_first
from dlab.kernels.registers import get, put, tile, transpose
from dlab.kernels.tiles import best_tile, covers
from dlab.kernels.workers import alone, tasks
from dlab.layout import LANES

Call = Callable[[], object]
LANED, ROWS, FLAT = (types.Array(types.float32, axes, "C") for axes in (3, 2, 1))
RESTS = types.Array(types.float32, 4, "C")
MOST = {1: 8, 2: 10, 4: 6}  # blocks of a forward tile, and the outputs that then fill the registers
SLICE = 440  # vectors of x in a slice: they stay in the first-level cache, of its 768
TASKS = 16  # enough for the threads of a laptop
ALONE = 30_000  # vector multiply-adds, about 5 us, that one thread does before another has woken


@factory
def _forward(n_tile, o_tile):
    """y[n,o] = f(b[o] + sum_i w[o,i] x[n,i]), one task per tile of blocks and group of outputs.

    A slice of the inputs stays in the first-level cache while all outputs of the group pass over it; unfinished sums
    rest in y meanwhile.
    """
    size = n_tile * o_tile

    @kernel(LANED, ROWS, FLAT, LANED, RESTS, types.intp, types.float32)
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
    """dx[n,i] = f' sum_o w[o,i] dy[n,o], one task per block and tile of inputs."""

    @kernel(LANED, ROWS, LANED, LANED, types.float32)
    def data_gradient(worker, dy, w, dx, gate, slope):
        (O, I), B = w.shape, dy.shape[0]
        for task in tasks(worker, B * ((I + i_tile - 1) // i_tile)):
            n, i0 = task % B, min(task // B * i_tile, I - i_tile)
            acc = tile(i_tile)
            for i in range(i_tile):
                put(acc, i, zero())
            for o in range(O):
                error = load(dy, (n, o))
                for i in range(i_tile):
                    put(acc, i, fma(broadcast(w, (o, i0 + i)), error, get(acc, i)))
            for i in range(i_tile):
                value = get(acc, i)
                store(dx, (n, i0 + i), leak(value, load(gate, (n, i0 + i)), slope) if gated else value)

    return data_gradient


@njit(inline="always")
def turn(square, x, rows, n, first, task, v):
    """Copy sixteen inputs of block n, one vector an input, to `rows`, one vector a sample."""
    for i in range(16):
        put(square, i, load(x, (n, min(first + i, x.shape[1] - 1))))
    transpose(square)
    for lane in range(16):
        store(rows, (task, n * 16 + lane, v), get(square, lane))


@factory
def _weight_gradient(v_tile, o_tile):
    """dw[o,i] = sum_n dy[n,o] x[n,i], 16 inputs i in a vector; samples in order, padding lanes left out.

    One task per v_tile vectors of inputs: it turns its columns of x into rows, which then stay in the first-level
    cache while all outputs pass over them.
    """
    size = v_tile * o_tile

    @kernel(LANED, LANED, types.Array(types.float32, 4, "C"), ROWS, types.intp)
    def weight_gradient(worker, x, dy, rows, dw, samples):
        (O, I), LANE = dw.shape, 16
        for task in tasks(worker, rows.shape[0]):
            i0 = task * v_tile * LANE
            width = min(v_tile * LANE, I - i0)
            for n in range(x.shape[0]):
                for v in range(v_tile):
                    square = tile(16)
                    turn(square, x, rows, n, i0 + v * LANE, task, v)
            for ot in range((O + o_tile - 1) // o_tile):
                o0 = min(ot * o_tile, O - o_tile)
                acc, xs = tile(size), tile(v_tile)
                for a in range(size):
                    put(acc, a, zero())
                for n in range(x.shape[0]):
                    for l in range(min(LANE, samples - n * LANE)):
                        for v in range(v_tile):
                            put(xs, v, load(rows, (task, n * LANE + l, v)))
                        for o in range(o_tile):
                            error = broadcast(dy, (n, o0 + o, l))
                            for v in range(v_tile):
                                put(acc, o * v_tile + v, fma(error, get(xs, v), get(acc, o * v_tile + v)))
                for v in range(v_tile):
                    for o in range(o_tile):
                        value, at = get(acc, o * v_tile + v), (o0 + o, i0 + v * LANE)
                        if width >= (v + 1) * LANE:
                            store(dw, at, value)
                        elif width > v * LANE:
                            store_first(dw, at, value, width - v * LANE)

    return weight_gradient


@factory
def _bias_gradient():
    """db[o] = sum_n dy[n,o]."""

    @kernel(floats(3), floats(1), parallel=False)
    def bias_gradient(dy, db):
        for o in range(db.size):
            whole = load(dy, (0, o))
            for n in range(1, dy.shape[0]):
                whole = add(whole, load(dy, (n, o)))
            db[o] = total(whole)

    return bias_gradient


def _tile_of(blocks: int, outputs: int) -> tuple[int, int]:
    """Blocks and outputs of a forward tile: the fewest cycles for so many of each."""
    if vector_registers() < 32:
        return 1, min(4, outputs)
    tiles = [(n, min(most, outputs)) for n, most in MOST.items() if n <= blocks]
    return min(tiles, key=lambda t: covers(blocks, t[0]) * covers(outputs, t[1]) * (max(t[0] * t[1], 8) + sum(t) / 4))


def _suits(run: Any, *sizes: int) -> Callable:
    """The kernel on all threads, or on one where the work is done before another has woken."""
    return run if prod(sizes) > ALONE else alone(run)


def forward(x, w, b, y, slope=1.0) -> Call:
    """y = rectify(x w^T + b)."""
    (O, I), B = w.shape, len(x)
    n_tile, o_tile = _tile_of(B, O)
    n_tiles, o_tiles = covers(B, n_tile), covers(O, o_tile)
    group = max(1, o_tiles // covers(TASKS, n_tiles))
    slice_ = covers(I, covers(I, SLICE // n_tile))
    [rest] = workspace((n_tiles * covers(o_tiles, group), group, n_tile * o_tile, LANES))
    run = _suits(_forward(n_tile, o_tile), B, O, I)
    bias = np.zeros(O, np.float32) if b is None else b
    return lambda: run(x, w, bias, y, rest, slice_, slope)


def data_gradient(dy, w, dx, gate=None, slope=1.0) -> Call:
    """dx = dy w, times the derivative of the rectifier that made the input `gate`."""
    run = _suits(_data_gradient(best_tile(w.shape[1], 1)[0], gate is not None), len(dy), *w.shape)
    other = dx if gate is None else gate
    return lambda: run(dy, w, dx, other, slope)


def weight_gradient(x, dy, dw, db, samples=None) -> Call:
    """dw = dy^T x over the first `samples` samples, db = the sum of dy."""
    outputs, inputs = dw.shape
    wide = vector_registers() == 32 and inputs > LANES and outputs >= 10
    v_tile, o_tile = (2, 10) if wide else (1, best_tile(outputs, 1)[0])
    count = LANES * x.shape[0] if samples is None else samples
    [rows] = workspace((covers(inputs, v_tile * LANES), LANES * x.shape[0], v_tile, LANES))
    run, sum_bias = _suits(_weight_gradient(v_tile, o_tile), len(x), *dw.shape), _bias_gradient()

    def call() -> None:
        run(x, dy, rows, dw, count)
        if db is not None:
            sum_bias(dy, db)

    return call
