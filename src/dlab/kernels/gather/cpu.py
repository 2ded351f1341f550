"""Batches gathered from the resident data set into lane blocks."""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from numba import prange, types

from dlab.kernels.jit import array, floats, kernel
from dlab.layout import LANES

Call = Callable[[], object]


@lru_cache
def _pack(kind):
    """x[b,c,i,j,l] = data[rows[16 b + l], (c H + i) W + j] * scale + shift, one task per block and image row."""

    @kernel(array(kind, 2), array(types.int64, 1), floats(5), types.float32, types.float32)
    def pack(data, rows, x, scale, shift):
        C, H, W, LANE = x.shape[1], x.shape[2], x.shape[3], 16
        for task in prange(x.shape[0] * H):
            b, i = task // H, task % H
            for c in range(C):
                first = (c * H + i) * W
                for lane in range(LANE):
                    n = b * LANE + lane
                    if n < rows.size:
                        row = rows[n]
                        for j in range(W):
                            x[b, c, i, j, lane] = np.float32(data[row, first + j]) * scale + shift
                    else:
                        for j in range(W):
                            x[b, c, i, j, lane] = 0

    return pack


def pack(data, rows, x, scale, shift) -> Call:
    """x [B, C, H, W, 16] or [B, I, 16] = the samples `rows` of data [M, features], normalised; other lanes zero."""
    run = _pack(types.uint8 if data.dtype == np.uint8 else types.float32)
    target = x if x.ndim == 5 else x.reshape(x.shape[0], 1, 1, -1, LANES)
    return lambda: run(data, rows, target, scale, shift)


def take(source, rows, out) -> Call:
    """out[n] = source[rows[n]]: the labels or targets of a batch."""
    return partial(np.take, source, rows, axis=0, out=out, mode="clip")
