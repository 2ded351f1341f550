"""Batches gathered from the resident data set into lane blocks."""

from collections.abc import Callable

import numpy as np
from numba import types

from dlab.kernels.calls import Bound
from dlab.kernels.jit import array, factory, floats, kernel
from dlab.kernels.lanes import broadcast, fma, load, load_bytes, store, zero
from dlab.kernels.registers import get, put, tile, transpose
from dlab.kernels.tasks import tasks
from dlab.kernels.workers import alone

Call = Callable[[], object]


@factory
def _pack(bytes_):
    """x[b,c,i,j,l] = data[rows[16 b + l], (c H + i) W + j] * scale + shift, one task per block and image row.

    Sixteen samples by sixteen pixels are turned in registers; the last piece of a row slides back over the one before.
    """
    kind = types.uint8 if bytes_ else types.float32

    @kernel(array(kind, 2), array(types.int64, 1), floats(5), floats(1), writes="x")
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
    return Bound(run, data, rows, target, scaling)


@factory
def _take(labels):
    """out[n] = source[rows[n]], on one thread."""
    kind = types.int32 if labels else types.float32

    @kernel(array(kind, 2), array(types.int64, 1), array(kind, 2), writes="out")
    def take(worker, source, rows, out):
        for _ in tasks(worker, 1):
            for n in range(rows.size):
                for k in range(out.shape[1]):
                    out[n, k] = source[rows[n], k]

    return take


def take(source, rows, out) -> Call:
    """out[n] = source[rows[n]]: the labels or targets of a batch."""
    columns = source.shape[1:] or (1,)
    run = alone(_take(source.dtype == np.int32))
    return Bound(run, source.reshape(-1, *columns), rows, out.reshape(-1, *columns))
