"""The dense layer on lane blocks: x [B, I, 16], w [O, I], b [O], y [B, O, 16].

Forward and data gradient keep one vector of x (or dy) and a tile of outputs in registers.  The weight gradient sums
over samples, so there the vector runs along the inputs instead: 16 neighbouring weights of a row.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numba import njit, types

from dlab.kernels.jit import floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, leak, load, store, total, vector_registers, zero
from dlab.kernels.memory import aligned
from dlab.kernels.partial import store_first
from dlab.kernels.registers import get, put, tile, transpose
from dlab.kernels.tiles import best_tile, covers
from dlab.kernels.workers import tasks
from dlab.layout import LANES

Call = Callable[[], object]
LANED, FLAT = types.Array(types.float32, 3, "C"), types.Array(types.float32, 1, "C")


@lru_cache
def _forward(o_tile, inputs):
    """y[n,o] = f(b[o] + sum_i w[o,i] x[n,i]), one task per block and tile of outputs.

    The number of inputs is a constant: the rows of a tile are then one pointer with fixed distances.
    """

    @kernel(LANED, FLAT, floats(1), LANED, types.float32)
    def dense(worker, x, w, b, y, slope):
        O, I = y.shape[1], inputs
        B = x.shape[0]
        for task in tasks(worker, B * ((O + o_tile - 1) // o_tile)):
            n, o0 = task % B, min(task // B * o_tile, O - o_tile)
            acc = tile(o_tile)
            for o in range(o_tile):
                put(acc, o, broadcast(b, (o0 + o,)))
            for i in range(I):
                value = load(x, (n, i))
                for o in range(o_tile):
                    put(acc, o, fma(broadcast(w, (o0 * I + i + o * I,)), value, get(acc, o)))
            for o in range(o_tile):
                store(y, (n, o0 + o), leak(get(acc, o), get(acc, o), slope))

    return dense


@lru_cache
def _data_gradient(i_tile, gated):
    """dx[n,i] = f' sum_o w[o,i] dy[n,o], one task per block and tile of inputs."""

    @kernel(LANED, types.Array(types.float32, 2, "C"), LANED, LANED, types.float32)
    def data_gradient(worker, dy, w, dx, gate, slope):
        O, I = w.shape
        B = dy.shape[0]
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


@lru_cache
def _weight_gradient(v_tile, o_tile):
    """dw[o,i] = sum_n dy[n,o] x[n,i], 16 inputs i in a vector; samples in order, padding lanes left out.

    One task per v_tile vectors of inputs: it turns its columns of x into rows, which then stay in the first-level
    cache while all outputs pass over them.
    """
    size = v_tile * o_tile

    @kernel(LANED, LANED, types.Array(types.float32, 4, "C"), types.Array(types.float32, 2, "C"), types.intp)
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


@lru_cache
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


def outputs_per_tile(outputs: int) -> int:
    """Accumulators of a tile with one vector of input: the fewest wasted."""
    return best_tile(outputs, 1)[0]


def forward(x, w, b, y, slope=1.0) -> Call:
    """y = rectify(x w^T + b)."""
    run, flat = _forward(outputs_per_tile(w.shape[0]), w.shape[1]), w.reshape(-1)
    bias = np.zeros(w.shape[0], np.float32) if b is None else b
    return lambda: run(x, flat, bias, y, slope)


def data_gradient(dy, w, dx, gate=None, slope=1.0) -> Call:
    """dx = dy w, times the derivative of the rectifier that made the input `gate`."""
    run = _data_gradient(outputs_per_tile(w.shape[1]), gate is not None)
    other = dx if gate is None else gate
    return lambda: run(dy, w, dx, other, slope)


def weight_gradient(x, dy, dw, db, samples=None) -> Call:
    """dw = dy^T x over the first `samples` samples, db = the sum of dy."""
    outputs, inputs = dw.shape
    wide = vector_registers() == 32 and inputs > LANES and outputs >= 10
    v_tile, o_tile = (2, 10) if wide else (1, outputs_per_tile(outputs))
    count = LANES * x.shape[0] if samples is None else samples
    rows = aligned((covers(inputs, v_tile * LANES), LANES * x.shape[0], v_tile, LANES))
    run, sum_bias = _weight_gradient(v_tile, o_tile), _bias_gradient()

    def call() -> None:
        run(x, dy, rows, dw, count)
        if db is not None:
            sum_bias(dy, db)

    return call
