"""The sum of a convolution, forward and (on turned weights) backward to the data, on a GPU.

A warp's lanes are 32 samples.  A thread holds the sums of a tile, k filters by i x j positions, for its own sample:
a number of x that it reads serves k filters, a weight i x j positions, and neighbouring positions share their x.  The
warps of a block take other filters at the same positions, so that the second to read a number of x finds it in the
first-level cache; a slice of channels of their weights waits in shared memory, filters innermost.
"""

from functools import lru_cache

import numpy as np

from dlab.kernels.convolution.cuda_forward_tiles import best_block, best_tile
from dlab.kernels.gpu import WARP, Launch, factory, strides
from dlab.kernels.gpu.language import cuda, index
from dlab.kernels.tiles import covers
from dlab.layout import volume

PLAIN, GATED, POOLED = 0, 1, 2  # what happens to a finished sum: rectify it, gate it by another array, or pool it
ZERO = np.float32(0)


@lru_cache
def _multiply_add(tile, sizes):
    """The share of one channel and some taps: what a thread sees of x, times the weights of its filters."""
    (TK, TI, TJ, P, Q), (FW, S, ROW) = tile, sizes
    SPAN, POSITIONS, DOWN = tile.seen(S)[1], TI * TJ, 1 if P == 1 else S

    @cuda.jit(device=True)
    def multiply_add(acc, xs, packed, weights):
        for p in range(P):
            for q in range(Q):
                for k in range(TK):
                    weight = packed[index(weights + (p * FW + q) * ROW + k)]
                    for t in range(POSITIONS):
                        seen = xs[(t // TJ * DOWN + p) * SPAN + t % TJ * S + q]
                        acc[k * POSITIONS + t] += weight * seen

    return multiply_add


@lru_cache
def _pack(block, sizes, w_steps):
    """Weights of some channels to shared memory, filters innermost: a lane brings a tap's, a warp a filter's."""
    (FILTERS, WARPS, ROW), (FH, FW), (wk, wc, wp, wq) = block, sizes, w_steps
    SHARE, EVEN, TAPS = covers(FILTERS, WARPS), FILTERS % WARPS == 0, FH * FW

    @cuda.jit(device=True)
    def pack(packed, w, start, count, lane, warp):
        for e in range(lane, count * TAPS, 32):
            at = start + e // TAPS * wc + e // FW % FH * wp + e % FW * wq + warp * wk
            for share in range(SHARE):
                if EVEN or warp + share * WARPS < FILTERS:
                    packed[index(e * ROW + warp + share * WARPS)] = w[index(at + share * WARPS * wk)]

    return pack


@lru_cache
def _see(tile, stride, x_steps):
    """xs = what a thread sees of one channel of x."""
    (ROWS, SPAN), (_, xi, xj), APART = tile.seen(stride), x_steps, stride if tile.p == 1 else 1
    SEEN = ROWS * SPAN

    @cuda.jit(device=True)
    def see(xs, x, at):
        for t in range(SEEN):
            xs[t] = x[index(at + t // SPAN * APART * xi + t % SPAN * xj)]

    return see


@lru_cache
def _finish(tile, gated, y_steps, gate_steps):
    """Rectify the sums by themselves, or by what stands in `gate`, and store them from (k0, i, j) on."""
    (TK, TI, TJ, _, _), (yk, yi, yj), (gk, gi, gj) = tile, y_steps, gate_steps
    POSITIONS = TI * TJ

    @cuda.jit(device=True)
    def finish(acc, y, gate, code, k0, i, j, n, slope):
        for k in range(TK):
            for t in range(POSITIONS):
                value, h, v = acc[k * POSITIONS + t], i + t // TJ, j + t % TJ
                by = gate[index((k0 + k) * gk + h * gi + v * gj + n)] if gated else value
                y[index((k0 + k) * yk + h * yi + v * yj + n)] = value if by > ZERO else slope * value

    return finish


@lru_cache
def _finish_pooled(tile, y_steps, code_steps):
    """Store the maximum of each 2x2 of the sums, rectified, and which of the four it was."""
    (TK, TI, TJ, _, _), (yk, yi, yj), (ck, ci, cj) = tile, y_steps, code_steps
    POSITIONS = TI * TJ

    @cuda.jit(device=True)
    def finish(acc, y, gate, code, k0, i, j, n, slope):
        for k in range(TK):
            for t in range(TJ // 2):
                best, which = acc[k * POSITIONS + 2 * t], 0
                for d in range(1, 4):
                    value = acc[k * POSITIONS + 2 * t + d // 2 * TJ + d % 2]
                    if value > best:
                        best, which = value, d
                made = best if best > ZERO else slope * best
                y[index((k0 + k) * yk + i // 2 * yi + (j // 2 + t) * yj + n)] = made
                code[index((k0 + k) * ck + i // 2 * ci + (j // 2 + t) * cj + n)] = which

    return finish


@factory
def make_forward(tile, block, sizes, valid, ending, biased, w_steps, x_steps, y_steps, gate_steps, code_steps):
    """y[k,i,j] = f(b[k] + sum_cpq w[k,c,p,q] x[c,i S + p,j S + q]) for each sample.

    Only the rows top <= i S + p < bottom of x are read: the others are known to be zero.
    """
    (TK, TI, TJ, P, Q), (WK, WP, ROW, SLICE), (top, bottom) = tile, block, valid
    K, C, FH, FW, OH, OW, S = sizes
    POSITIONS, ACROSS, WHOLE, (xc, xi, xj), (wk, wc, _, _) = TI * TJ, covers(OW, TJ), P == FH, x_steps, w_steps
    TILES, FILTERS, SUMS = covers(OH, TI) * ACROSS, WK * TK, TK * POSITIONS
    ROOM, SEEN = SLICE * FH * FW * ROW, volume(tile.seen(S))
    pack, see = _pack((FILTERS, WK * WP, ROW), (FH, FW), w_steps), _see(tile, S, x_steps)
    multiply_add, finish = _multiply_add(tile, (FW, S, ROW)), _finish(tile, ending == GATED, y_steps, gate_steps)
    if ending == POOLED:
        finish = _finish_pooled(tile, y_steps, code_steps)

    @cuda.jit
    def convolution(x, w, b, y, gate, code, w_start, slope):
        packed = cuda.shared.array(ROOM, np.float32, alignment=16)
        acc = cuda.local.array(SUMS, np.float32)
        xs = cuda.local.array(SEEN, np.float32)
        lane, warp, n = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.z * 32 + cuda.threadIdx.x
        first, mine = min(cuda.blockIdx.y * FILTERS, K - FILTERS), warp % WK * TK
        place = min(cuda.blockIdx.x * WP + warp // WK, TILES - 1)
        i, j, k0 = min(place // ACROSS * TI, OH - TI), min(place % ACROSS * TJ, OW - TJ), first + mine
        above, below = (0, P) if WHOLE else (max(0, top - (i + TI - 1) * S), min(FH, bottom - i * S))
        for s in range(SUMS):
            acc[s] = b[index(k0 + s // POSITIONS)] if biased else ZERO
        for c0 in range(0, C, SLICE):
            cuda.syncthreads()
            pack(packed, w, w_start + c0 * wc + first * wk, min(SLICE, C - c0), lane, warp)
            cuda.syncthreads()
            for c in range(min(SLICE, C - c0)):
                for p0 in range(above, below, P):
                    at, weights = (c0 + c) * xc + (i * S + p0) * xi + j * S * xj + n, (c * FH + p0) * FW * ROW + mine
                    for q0 in range(0, FW, Q):
                        see(xs, x, at + q0 * xj)
                        multiply_add(acc, xs, packed, weights + q0 * ROW)
        finish(acc, y, gate, code, k0, i, j, n, slope)

    return convolution


def bind(x, w, turned, b, y, gate, code, stride, slope, ending, valid) -> Launch:
    """A forward launch for the weights `turned`, a view of w."""
    (K, C, FH, FW), warps = turned.shape, x.shape[-1] // WARP
    scale = 2 if ending == POOLED else 1
    OH, OW = y.shape[2] * scale, y.shape[3] * scale
    whole = valid == (0, x.shape[2])
    tile = best_tile(K, OH, OW, FH, FW, stride, warps, ending == POOLED, whole)
    places = covers(OH, tile.i) * covers(OW, tile.j)
    block = best_block(tile, K, C, FH * FW, places * covers(K, tile.k) * warps)
    gate, code = y if gate is None else gate, y if code is None else code
    start = (turned.ctypes.data - w.ctypes.data) // w.itemsize
    steps = [strides(array)[1:4] for array in (x, y, gate, code)]
    sizes = K, C, FH, FW, OH, OW, stride
    kernel = make_forward(tile, block, sizes, valid, ending, b is not None, strides(turned), *steps)
    grid = covers(places, block.positions), covers(K, block.filters * tile.k), warps
    threads = WARP, block.filters * block.positions
    return Launch(kernel, grid, threads, x, w, w if b is None else b, y, gate, code, np.int32(start), np.float32(slope))
