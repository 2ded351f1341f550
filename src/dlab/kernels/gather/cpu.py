"""Batches gathered from the resident data set into lane blocks."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numba import types

from dlab.kernels.jit import array, factory, floats, kernel
from dlab.kernels.lanes import broadcast, fma, load, load_bytes, store, zero
from dlab.kernels.registers import get, put, tile, transpose
from dlab.kernels.workers import tasks

Call = Callable[[], object]


@factory
def _pack(bytes_):
    """x[b,c,i,j,l] = data[rows[16 b + l], (c H + i) W + j] * scale + shift, one task per block and image row.

    Sixteen samples by sixteen pixels are turned in registers; the last piece of a row slides back over the one before.
    """
    kind = types.uint8 if bytes_ else types.float32

    @kernel(array(kind, 2), array(types.int64, 1), floats(5), floats(1))
    def pack(worker, data, rows, x, scaling):
        C, H, W, LANE = x.shape[1], x.shape[2], x.shape[3], 16
        for task in tasks(worker, x.shape[0] * H):
            b, i = task // H, task % H
            scale, shift = broadcast(scaling, (0,)), broadcast(scaling, (1,))
            for c in range(C):
                first = (c * H + i) * W
                for piece in range((W + LANE - 1) // LANE if W >= LANE else 0):
                    j0 = min(piece * LANE, W - LANE)
                    square = tile(16)
                    for lane in range(LANE):
                        n = b * LANE + lane
                        if n < rows.size:
                            at = (rows[n], first + j0)
                            value = load_bytes(data, at) if bytes_ else load(data, at)
                            put(square, lane, fma(value, scale, shift))
                        else:
                            put(square, lane, zero())
                    transpose(square)
                    for j in range(LANE):
                        store(x, (b, c, i, j0 + j), get(square, j))
                for j in range(W if W < LANE else 0):
                    for lane in range(LANE):
                        n, value = b * LANE + lane, np.float32(0)
                        if n < rows.size:
                            value = np.float32(data[rows[n], first + j]) * scaling[0] + scaling[1]
                        x[b, c, i, j, lane] = value

    return pack


def pack(data, rows, x, scale, shift) -> Call:
    """x [B, C, H, W, 16] or [B, I, 16] = the samples `rows` of data [M, features], normalised; other lanes zero."""
    run, scaling = _pack(data.dtype == np.uint8), np.array([scale, shift], np.float32)
    target = x if x.ndim == 5 else x[:, None, None]
    return lambda: run(data, rows, target, scaling)


def take(source, rows, out) -> Call:
    """out[n] = source[rows[n]]: the labels or targets of a batch."""
    return partial(np.take, source, rows, axis=0, out=out, mode="clip")
