"""Local filters on lane blocks: x [B, C, H, W, 16] with its padding, w [OH, OW, C, FH, FW, K], y [B, K, OH, OW, 16].

A weight is used once in each block, so a tile of sums holds several blocks: what is loaded serves all of them.
"""

from collections.abc import Callable

import numpy as np
from numba import get_thread_id, njit, types

from dlab.kernels import max_threads
from dlab.kernels.calls import Bound
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, leak, load, load_ahead, store, zero
from dlab.kernels.memory import workspace
from dlab.kernels.partial import store_first
from dlab.kernels.registers import get, put, tile, totals
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import best_tile, covers
from dlab.layout import LANES

Call = Callable[[], object]
BLOCKS = 4  # of a tile at most, so that it has room for enough filters
WEIGHTS, BIASES, STRIPS = (types.Array(types.float32, axes, "C") for axes in (5, 2, 5))  # one axis for i and j


@factory
def _forward(k_tile, n_tile):
    """y[n,k,i,j] = f(b[i,j,k] + sum_cpq w[i,j,c,p,q,k] x[n,c,i S + p,j S + q]), one task per position."""
    size = k_tile * n_tile

    @kernel(floats(5), WEIGHTS, BIASES, floats(5), types.intp, types.float32, writes="y")
    def local(worker, x, w, b, y, stride, slope):
        (C, FH, FW, K), B, OW = w.shape[1:], x.shape[0], y.shape[3]
        for task in tasks(worker, w.shape[0]):
            i, j = task // OW, task % OW
            for nt in range((B + n_tile - 1) // n_tile):
                n0 = min(nt * n_tile, B - n_tile)
                for kt in range((K + k_tile - 1) // k_tile):
                    k0 = min(kt * k_tile, K - k_tile)
                    acc, xs = tile(size), tile(n_tile)
                    for s in range(size):
                        put(acc, s, broadcast(b, (task, k0 + s // n_tile)))
                    for c in range(C):
                        for p in range(FH):
                            for q in range(FW):
                                for n in range(n_tile):
                                    put(xs, n, load(x, (n0 + n, c, i * stride + p, j * stride + q)))
                                for k in range(k_tile):
                                    weight = broadcast(w, (task, c, p, q, k0 + k))
                                    for n in range(n_tile):
                                        put(acc, k * n_tile + n, fma(weight, get(xs, n), get(acc, k * n_tile + n)))
                    for s in range(size):
                        store(y, (n0 + s % n_tile, k0 + s // n_tile, i, j), leak(get(acc, s), get(acc, s), slope))

    return local


@factory
def _data_gradient(c_tile, n_tile, gated):
    """dx[n,c,h,v] = f' sum_ijk w[i,j,c,h + P - i S,v + P - j S,k] dy[n,k,i,j], one task per pixel."""
    size = c_tile * n_tile

    @kernel(floats(5), WEIGHTS, floats(5), floats(5), types.intp, types.intp, types.float32, writes="dx")
    def data_gradient(worker, dy, w, dx, gate, stride, pad, slope):
        (C, FH, FW, K), (OH, OW), (H, W), B = w.shape[1:], dy.shape[2:4], dx.shape[2:4], dx.shape[0]
        for task in tasks(worker, H * W):
            h, v = task // W, task % W
            for nt in range((B + n_tile - 1) // n_tile):
                n0 = min(nt * n_tile, B - n_tile)
                for ct in range((C + c_tile - 1) // c_tile):
                    c0 = min(ct * c_tile, C - c_tile)
                    acc, errors = tile(size), tile(n_tile)
                    for s in range(size):
                        put(acc, s, zero())
                    for i in range(max(0, (h + pad - FH) // stride + 1), min(OH, (h + pad) // stride + 1)):
                        for j in range(max(0, (v + pad - FW) // stride + 1), min(OW, (v + pad) // stride + 1)):
                            place, p, q = i * OW + j, h + pad - i * stride, v + pad - j * stride
                            for k in range(K):
                                for n in range(n_tile):
                                    put(errors, n, load(dy, (n0 + n, k, i, j)))
                                for c in range(c_tile):
                                    weight = broadcast(w, (place, c0 + c, p, q, k))
                                    for n in range(n_tile):
                                        at = c * n_tile + n
                                        put(acc, at, fma(weight, get(errors, n), get(acc, at)))
                    for s in range(size):
                        at, value = (n0 + s % n_tile, c0 + s // n_tile, h, v), get(acc, s)
                        store(dx, at, leak(value, load(gate, at), slope) if gated else value)

    return data_gradient


@njit(inline="always")
def take_errors(dy, strips, thread, i, j, k_tile):
    """Copy dy of one position to where a tile's filters lie together, 0 beyond the last filter."""
    for n in range(dy.shape[0]):
        for k in range(strips.shape[1] * k_tile):
            value = load(dy, (n, k, i, j)) if k < dy.shape[1] else zero()
            store(strips, (thread, k // k_tile, n, k % k_tile), value)


@factory
def _weight_gradient(k_tile):
    """dw[i,j,c,p,q,k] = sum_n dy[n,k,i,j] x[n,c,i S + p,j S + q], one task per position.

    strips[thread,kt,n,k] holds the errors of the position; beyond the last filter they are 0, and so are `sums`.
    """

    @kernel(floats(5), floats(5), STRIPS, WEIGHTS, BIASES, types.intp, writes="strips dw db")
    def weight_gradient(worker, x, dy, strips, dw, db, stride):
        (C, FH, FW, K), B, OW = dw.shape[1:], dy.shape[0], dy.shape[3]
        for task in tasks(worker, dw.shape[0]):
            thread, i, j, sums = get_thread_id(), task // OW, task % OW, tile(16)
            for k in range(16):
                put(sums, k, zero())
            take_errors(dy, strips, thread, i, j, k_tile)
            for kt in range(strips.shape[1]):
                k0 = kt * k_tile
                count = min(k_tile, K - k0)
                for k in range(k_tile):
                    put(sums, k, zero())
                for n in range(B):
                    for k in range(k_tile):
                        put(sums, k, add(load_ahead(strips, (thread, kt, n), k), get(sums, k)))
                store_first(db, (task, k0), totals(sums), count)
                for c in range(C):
                    for p in range(FH):
                        for q in range(FW):
                            for k in range(k_tile):
                                put(sums, k, zero())
                            for n in range(B):
                                seen = load(x, (n, c, i * stride + p, j * stride + q))
                                for k in range(k_tile):
                                    put(sums, k, fma(load_ahead(strips, (thread, kt, n), k), seen, get(sums, k)))
                            store_first(dw, (task, c, p, q, k0), totals(sums), count)

    return weight_gradient


def _by_position(array):
    """Weights or biases with one axis for i and j."""
    return array.reshape(-1, *array.shape[2:])


def forward(x, w, b, y, stride=1, slope=1.0) -> Call:
    """y = rectify(local filters of x, which includes its padding)."""
    run, weights = _forward(*best_tile(w.shape[5], min(len(x), BLOCKS))), _by_position(w)
    biases = np.zeros((len(weights), w.shape[5]), np.float32) if b is None else _by_position(b)
    return Bound(run, x, weights, biases, y, stride, slope)


def data_gradient(dy, w, dx, stride=1, pad=0, gate=None, slope=1.0) -> Call:
    """dx = dy along the weights, times the derivative of the rectifier that made the input `gate`."""
    run, weights = _data_gradient(*best_tile(w.shape[2], min(len(dy), BLOCKS)), gate is not None), _by_position(w)
    other = dx if gate is None else gate
    return Bound(run, dy, weights, dx, other, stride, pad, slope)


def weight_gradient(x, dy, dw, db, stride=1, samples=None) -> Call:
    """dw, db over all samples; in lanes beyond them dy is 0."""
    K = dw.shape[5]
    k_tile = covers(K, covers(K, LANES))
    [strips] = workspace((max_threads(), covers(K, k_tile), len(dy), k_tile, LANES))
    run, weights = _weight_gradient(k_tile), _by_position(dw)
    biases = np.zeros((len(weights), K), np.float32) if db is None else _by_position(db)
    return Bound(run, x, dy, strips, weights, biases, stride)
