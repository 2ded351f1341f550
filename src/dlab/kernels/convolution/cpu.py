"""Convolution on lane blocks: the lecture's loop nest, with sixteen samples where one stood.

Arrays: x [B, C, H, W, 16] with its padding, w [K, C, FH, FW], b [K], y [B, K, OH, OW, 16].  A tile of outputs stays
in registers while the sum over c, p, q runs; the last tile of a row slides back over the one before it.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numba import prange, types

from dlab.kernels.jit import array, floats, kernel
from dlab.kernels.lanes import (
    add,
    broadcast,
    fma,
    get,
    keep_where,
    leak,
    load,
    max4,
    put,
    store,
    store_argmax4,
    tile,
    total,
    vector_registers,
    zero,
)
from dlab.kernels.memory import aligned
from dlab.kernels.tiles import best_tile, covers
from dlab.layout import LANES

Call = Callable[[], object]
PLAIN, GATED, POOLED = 0, 1, 2  # what happens to a finished sum: rectify it, gate it by another array, or pool it
CODES = array(types.uint8, 5)
STRIP = 85  # vectors of one dy row group: with three filters they fill a third of the first-level cache
ENOUGH = 400  # positions to sum over before the lanes are added up


@lru_cache
def _forward(k_tile, j_tile, stride, ending):
    """y[n,k,i,j] = f(b[k] + sum_cpq w[k,c,p,q] x[n,c,i S + p,j S + q]), one task per block and row of tiles.

    Only the rows top <= i S + p < bottom of x are read: the others are known to be zero.
    """
    rows = 2 if ending == POOLED else 1
    columns = rows * j_tile
    size = k_tile * columns

    @kernel(floats(5), floats(4), floats(1), floats(5), floats(5), CODES, *[types.intp] * 2, types.float32)
    def convolution(x, w, b, y, gate, code, top, bottom, slope):
        C, (K, FH, FW) = x.shape[1], (w.shape[0], w.shape[2], w.shape[3])
        strips, OW = y.shape[2], y.shape[3] * rows
        for task in prange(y.shape[0] * strips):
            n, strip = task // strips, task % strips
            i = strip * rows * stride
            first, last = max(0, top - i), min(FH, bottom - i)
            for jt in range((OW + j_tile - 1) // j_tile):
                j0 = min(jt * j_tile, OW - j_tile)
                for kt in range((K + k_tile - 1) // k_tile):
                    k0 = min(kt * k_tile, K - k_tile)
                    acc = tile(size)
                    xs = tile(columns)
                    for k in range(k_tile):
                        for a in range(columns):
                            put(acc, k * columns + a, broadcast(b, (k0 + k,)))
                    for c in range(C):
                        for p in range(first, last):
                            for q in range(FW):
                                for r in range(rows):
                                    for j in range(j_tile):
                                        at = (n, c, i + r * stride + p, (j0 + j) * stride + q)
                                        put(xs, r * j_tile + j, load(x, at))
                                for k in range(k_tile):
                                    weight = broadcast(w, (k0 + k, c, p, q))
                                    for a in range(columns):
                                        s = k * columns + a
                                        put(acc, s, fma(weight, get(xs, a), get(acc, s)))
                    for k in range(k_tile):
                        if ending == POOLED:
                            for j in range(j_tile // 2):
                                s = 2 * (k * j_tile + j)
                                t = s + j_tile
                                four = get(acc, s), get(acc, s + 1), get(acc, t), get(acc, t + 1)
                                best = max4(four[0], four[1], four[2], four[3])
                                at = (n, k0 + k, strip, j0 // 2 + j)
                                store(y, at, leak(best, best, slope))
                                store_argmax4(code, at, four[0], four[1], four[2], four[3])
                        else:
                            for j in range(j_tile):
                                at = (n, k0 + k, strip, j0 + j)
                                value = get(acc, k * j_tile + j)
                                if ending == GATED:
                                    store(y, at, leak(value, load(gate, at), slope))
                                else:
                                    store(y, at, leak(value, value, slope))

    return convolution


@lru_cache
def _weight_gradient(k_tile, FH, FW, stride, pooled):
    """part[s,kt,c,p,a] = sum over the blocks n of segment s, i, j of dy[n,k,i,j] x[n,c,i S + p,j S + q], lanes apart.

    One task per segment and filter tile.  dy is walked in strips of rows that stay in the first-level cache while all
    c and p pass over them; the sums rest in `part` meanwhile.  Where the layer pools, a strip of dy is first spread
    from the pooled gradient into `spread`: the full dy is never written.
    """
    size = k_tile * FW

    @kernel(*[floats(5)] * 3, CODES, floats(5), floats(6), floats(3), types.intp, types.intp, types.float32)
    def weight_gradient(x, dy, y, code, spread, part, bias, per_segment, strip, slope):
        B, K, C = dy.shape[0], dy.shape[1], x.shape[1]
        OH, OW = dy.shape[2], dy.shape[3]
        if pooled:
            OH, OW = OH * 2, OW * 2
        k_tiles = (K + k_tile - 1) // k_tile
        for task in prange(part.shape[0] * k_tiles):
            s, kt = task // k_tiles, task % k_tiles
            k0 = min(kt * k_tile, K - k_tile)
            first, last = s * per_segment * OH, min((s + 1) * per_segment, B) * OH
            sums = tile(k_tile)
            for k in range(k_tile):
                put(sums, k, zero())
            for start in range(first, last, strip):
                stop = min(start + strip, last)
                n, i = start // OH, start % OH
                for row in range(stop - start):
                    if pooled:
                        if row % 2 == 0:
                            for j in range(OW // 2):
                                for k in range(k_tile):
                                    at = (n, k0 + k, i // 2, j)
                                    value = leak(load(dy, at), load(y, at), slope)
                                    put(sums, k, add(get(sums, k), value))
                                    for r in range(2):
                                        for e in range(2):
                                            here = (task, k, row + r, 2 * j + e)
                                            store(spread, here, keep_where(value, code, at, 2 * r + e))
                    else:
                        for j in range(OW):
                            for k in range(k_tile):
                                put(sums, k, add(get(sums, k), load(dy, (n, k0 + k, i, j))))
                    i += 1
                    if i == OH:
                        n, i = n + 1, 0
                for c in range(C):
                    for p in range(FH):
                        acc = tile(size)
                        ds = tile(k_tile)
                        for a in range(size):
                            put(acc, a, zero() if start == first else load(part, (s, kt, c, p, a)))
                        n, i = start // OH, start % OH
                        for row in range(stop - start):
                            for j in range(OW):
                                for k in range(k_tile):
                                    if pooled:
                                        put(ds, k, load(spread, (task, k, row, j)))
                                    else:
                                        put(ds, k, load(dy, (n, k0 + k, i, j)))
                                for q in range(FW):
                                    value = load(x, (n, c, i * stride + p, j * stride + q))
                                    for k in range(k_tile):
                                        put(acc, k * FW + q, fma(get(ds, k), value, get(acc, k * FW + q)))
                            i += 1
                            if i == OH:
                                n, i = n + 1, 0
                        for a in range(size):
                            store(part, (s, kt, c, p, a), get(acc, a))
            for k in range(k_tile):
                store(bias, (s, k0 + k), get(sums, k))

    return weight_gradient


@lru_cache
def _gather_sums():
    """dw[k,c,p,q] and db[k]: the segments added in order, then the lanes."""

    @kernel(floats(6), floats(3), floats(4), floats(1), types.intp)
    def gather_sums(part, bias, dw, db, k_tile):
        K, C, FH, FW = dw.shape
        for k in prange(K):
            kt = min(k // k_tile, part.shape[1] - 1)
            place = k - min(kt * k_tile, K - k_tile)
            for c in range(C):
                for p in range(FH):
                    for q in range(FW):
                        value = load(part, (0, kt, c, p, place * FW + q))
                        for s in range(1, part.shape[0]):
                            value = add(value, load(part, (s, kt, c, p, place * FW + q)))
                        dw[k, c, p, q] = total(value)
            value = load(bias, (0, k))
            for s in range(1, bias.shape[0]):
                value = add(value, load(bias, (s, k)))
            db[k] = total(value)

    return gather_sums


def _nothing(axes: int, kind: type = np.float32) -> np.ndarray:
    """An array for an argument that is not used."""
    return np.zeros((1,) * axes, kind)


def forward(x, w, b, y, stride=1, slope=1.0, code=None) -> Call:
    """y = rectify(convolution of x, which includes its padding), 2x2-pooled where `code` is given."""
    if code is None:
        run = _forward(*best_tile(w.shape[0], y.shape[3]), stride, PLAIN)
    else:
        run = _forward(*best_tile(w.shape[0], 2 * y.shape[3], rows=2, even=True), stride, POOLED)
    bias = np.zeros(w.shape[0], np.float32) if b is None else b
    arguments = x, w, bias, y, _nothing(5), _nothing(5, np.uint8) if code is None else code, 0, x.shape[2], slope
    return lambda: run(*arguments)


def data_gradient(dy, w, dx, stride=1, pad=0, margin=0, gate=None, slope=1.0) -> Call:
    """dx: the forward convolution of dy with w turned by 180 degrees and its first two axes swapped.

    With a stride S, the pixels i = r mod S see the weights p = r mod S only: S x S convolutions on strided views.
    """
    calls = [
        call
        for r in range(stride)
        for t in range(stride)
        for call in _phase(dy, w, dx, stride, pad, margin, gate, slope, (r, t))
    ]
    return calls[0] if len(calls) == 1 else lambda: [call() for call in calls]


def _phase(dy, w, dx, stride, pad, margin, gate, slope, phase) -> list[Call]:
    """The call for the pixels of dx at (row, column) = phase mod stride, counted in the padded image."""
    firsts, places, kernels, views = [], [], [], []
    for axis, r in enumerate(phase):
        first = (r - pad) % stride  # the first pixel of dx in this phase
        taps = covers(max(w.shape[2 + axis] - r, 0), stride)
        count = covers(max(dx.shape[2 + axis] - first, 0), stride)
        if count == 0:
            return []
        low = margin + (first + pad - r) // stride - (taps - 1)
        firsts.append(first)
        places.append(slice(first, None, stride))
        kernels.append(slice(r, None, stride))
        views.append(slice(low, low + count + taps - 1))
    target = dx[:, :, places[0], places[1]]
    turned = w[:, :, kernels[0], kernels[1]].transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    if turned.size == 0:
        return [lambda: target.fill(0)]
    run = _forward(*best_tile(w.shape[1], target.shape[3]), 1, PLAIN if gate is None else GATED)
    gates = _nothing(5) if gate is None else gate[:, :, places[0], places[1]]
    arguments = (
        dy[:, :, views[0], views[1]],
        turned,
        np.zeros(w.shape[1], np.float32),
        target,
        gates,
        _nothing(5, np.uint8),
        margin - views[0].start,
        dy.shape[2] - margin - views[0].start,
        1.0 if gate is None else slope,
    )
    return [lambda: run(*arguments)]


def weight_gradient(x, dy, dw, db, stride=1, samples=None) -> Call:
    """dw, db from dy without margin."""
    return _bind_weight_gradient(x, dy, None, None, dw, db, stride, 1.0)


def pooled_weight_gradient(x, dy, y, code, dw, db, stride=1, slope=1.0, samples=None) -> Call:
    """dw, db where dy is the gradient of the pooled, rectified output y."""
    return _bind_weight_gradient(x, dy, y, code, dw, db, stride, slope)


def _bind_weight_gradient(x, dy, y, code, dw, db, stride, slope) -> Call:
    K, C, FH, FW = dw.shape
    B, pooled = dy.shape[0], y is not None
    OH, OW = (2 * dy.shape[2], 2 * dy.shape[3]) if pooled else dy.shape[2:4]
    k_tile = _filters_per_tile(K, FW)
    per_segment = min(B, covers(ENOUGH, OH * OW))
    segments = covers(B, per_segment)
    strip = max(1, STRIP // OW)
    if pooled:
        strip = 2 * covers(strip, 2)
    k_tiles = covers(K, k_tile)
    part, bias = aligned((segments, k_tiles, C, FH, k_tile * FW, LANES)), aligned((segments, K, LANES))
    spread = aligned((segments * k_tiles, k_tile, strip, OW, LANES)) if pooled else _nothing(5)
    run, gather = _weight_gradient(k_tile, FH, FW, stride, pooled), _gather_sums()
    gate, codes = (y, code) if pooled else (_nothing(5), _nothing(5, np.uint8))
    arguments = x, dy, gate, codes, spread, part, bias, per_segment, strip, slope
    sums = part, bias, dw, np.zeros(K, np.float32) if db is None else db, k_tile

    def call() -> None:
        run(*arguments)
        gather(*sums)

    return call


def _filters_per_tile(K: int, FW: int) -> int:
    """Filters of a weight-gradient tile, k FW accumulators: the fewest wasted, and enough to keep both units busy."""
    room = max(1, (vector_registers() - 1) // (FW + 1))
    return min(range(1, min(K, room) + 1), key=lambda k: (covers(K, k) * max(k * FW, k + FW, 8), -k))
