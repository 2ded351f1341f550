"""The dense layer on lane blocks: x [B, I, 16], w [O, I], b [O], y [B, O, 16].

Forward and data gradient keep one vector of x (or dy) and a tile of outputs in registers.  The weight gradient sums
over samples, so there the vector runs along the inputs instead: 16 neighbouring weights of a row.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numba import prange, types

from dlab.kernels.jit import floats, kernel
from dlab.kernels.lanes import (
    add,
    broadcast,
    fma,
    get,
    leak,
    load,
    put,
    store,
    store_first,
    tile,
    total,
    vector_registers,
    zero,
)
from dlab.kernels.memory import aligned
from dlab.kernels.tiles import best_tile, covers
from dlab.layout import LANES

Call = Callable[[], object]


@lru_cache
def _forward(o_tile):
    """y[n,o] = f(b[o] + sum_i w[o,i] x[n,i]), one task per block and tile of outputs."""

    @kernel(floats(3), floats(2), floats(1), floats(3), floats(3), types.float32)
    def dense(x, w, b, y, gate, slope):
        O, I = w.shape
        o_tiles = (O + o_tile - 1) // o_tile
        for task in prange(x.shape[0] * o_tiles):
            n, o0 = task // o_tiles, min(task % o_tiles * o_tile, O - o_tile)
            acc = tile(o_tile)
            for o in range(o_tile):
                put(acc, o, broadcast(b, (o0 + o,)))
            for i in range(I):
                value = load(x, (n, i))
                for o in range(o_tile):
                    put(acc, o, fma(broadcast(w, (o0 + o, i)), value, get(acc, o)))
            for o in range(o_tile):
                value = get(acc, o)
                if gate.shape[0] == x.shape[0]:
                    store(y, (n, o0 + o), leak(value, load(gate, (n, o0 + o)), slope))
                else:
                    store(y, (n, o0 + o), leak(value, value, slope))

    return dense


@lru_cache
def _weight_gradient(v_tile, o_tile):
    """dw[o,i] = sum_n dy[n,o] x[n,i], 16 inputs i in a vector; samples in order, padding lanes left out.

    One task per v_tile vectors of inputs: it turns its columns of x into rows, which then stay in the first-level
    cache while all outputs pass over them.
    """
    size = v_tile * o_tile

    @kernel(floats(3), floats(3), floats(4), floats(2), types.intp)
    def weight_gradient(x, dy, rows, dw, samples):
        (O, I), LANE = dw.shape, 16
        for task in prange(rows.shape[0]):
            i0 = task * v_tile * LANE
            width = min(v_tile * LANE, I - i0)
            for n in range(x.shape[0]):
                for l in range(min(LANE, samples - n * LANE)):
                    for i in range(width):
                        rows[task, n * LANE + l, i // LANE, i % LANE] = x[n, i0 + i, l]
            for ot in range((O + o_tile - 1) // o_tile):
                o0 = min(ot * o_tile, O - o_tile)
                acc = tile(size)
                xs = tile(v_tile)
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
                    left = width - v * LANE
                    for o in range(o_tile):
                        value = get(acc, o * v_tile + v)
                        if left >= LANE:
                            store(dw, (o0 + o, i0 + v * LANE), value)
                        elif left > 0:
                            store_first(dw, (o0 + o, i0 + v * LANE), value, left)

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


def _bind(x, w, b, y, gate, slope) -> Call:
    run = _forward(outputs_per_tile(w.shape[0]))
    arguments = x, w, np.zeros(w.shape[0], np.float32) if b is None else b, y, gate, slope
    return lambda: run(*arguments)


def forward(x, w, b, y, slope=1.0) -> Call:
    """y = rectify(x w^T + b)."""
    return _bind(x, w, b, y, np.zeros((0, 0, 0), np.float32), slope)


def data_gradient(dy, w, dx, gate=None, slope=1.0) -> Call:
    """dx = dy w: the forward sum with w transposed."""
    return _bind(dy, w.T, None, dx, np.zeros((0, 0, 0), np.float32) if gate is None else gate, slope if gate is not None else 1.0)


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
