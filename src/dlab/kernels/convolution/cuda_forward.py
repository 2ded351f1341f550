"""The sum of a convolution, forward and (on turned weights) backward to the data, on a GPU.

A warp's lanes are 32 samples.  A thread holds the sums of a tile, k filters by i x j positions, for its own sample:
a number of x that it reads serves k filters, a weight i x j positions, and neighbouring positions share their x.  The
warps of a block take other filters at the same positions, so that the second to read a number of x finds it in the
first-level cache; a slice of channels of their weights waits in shared memory, filters innermost.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from dlab.kernels.gpu import WARP, Launch, factory, strides
from dlab.kernels.gpu.language import cuda, index
from dlab.layout import volume

PLAIN, GATED, POOLED = 0, 1, 2  # what happens to a finished sum: rectify it, gate it by another array, or pool it
UNROLLED, NESTED = 320, 240  # multiply-adds of one and of several rows of taps: more become a loop with slow sums
SUMS, REGISTERS = 64, 112  # of a thread, alone and with what it sees of x: two blocks of 256 threads find room
ENOUGH = 1056  # warps that keep a GPU busy: two for each scheduler of 132 processors
SHARED, LARGEST = 24 << 10, 48 << 10  # bytes of weights in shared memory, if possible and at most
EXTRA = 24  # instructions around a piece of straight multiply-adds
ZERO = np.float32(0)


class Tile(NamedTuple):
    """What a thread does at once: so many filters, rows and columns of positions, and rows and columns of taps."""

    k: int
    i: int
    j: int
    p: int
    q: int

    def seen(self, stride: int) -> tuple[int, int]:
        """Rows and columns of x that it reads; a single row of taps sees rows that are `stride` apart."""
        return self.i if self.p == 1 else (self.i - 1) * stride + self.p, (self.j - 1) * stride + self.q


def covers(size: int, tile: int) -> int:
    """Steps of `tile` that cover `size`."""
    return -(-size // tile)


def cycles(multiply_adds: int, loads: int) -> int:
    """What a thread's work costs a scheduler: an instruction each; but a load takes the time of four multiply-adds."""
    return max(EXTRA + multiply_adds + loads, 4 * loads)


@lru_cache
def best_tile(K: int, OH: int, OW: int, FH: int, FW: int, stride: int, warps: int, pooled: bool, whole: bool) -> Tile:
    """The tile that takes the fewest cycles; with less than ENOUGH warps, some schedulers have nothing to do.

    multiply-adds and loads are k i j p q and ((i - 1) S + p) ((j - 1) S + q) + k p q: about 6 to 1 with 64 sums.
    whole: whether all rows of x are to be read; where some are skipped, taps go row by row
    """

    def cost(tile: Tile) -> tuple[int, int]:
        k, i, j, p, q = tile
        tiles = covers(K, k) * covers(OH, i) * covers(OW, j) * warps
        work = covers(FH, p) * covers(FW, q) * cycles(volume(tile), volume(tile.seen(stride)) + k * p * q)
        return max(tiles, ENOUGH) * work, -k * i * j

    filters, rows = [k for k in (1, 2, 4, 6, 8) if k <= K], [2] if pooled else range(1, min(OH, 2) + 1)
    columns = range(1 + pooled, min(OW, 14) + 1, 1 + pooled)
    taps = {1, FH} if whole else {1}, [q for q in range(1, FW + 1) if FW % q == 0]
    tiles = (Tile(*sizes) for sizes in product(filters, rows, columns, *taps))
    fitting = (t for t in tiles if volume(t) <= (UNROLLED if t.p == 1 else NESTED) and t.k * t.i * t.j <= SUMS)
    return min((t for t in fitting if t.k * t.i * t.j + volume(t.seen(stride)) <= REGISTERS), key=cost)


class Block(NamedTuple):
    """Warps of a block, filters by positions, and how a slice of the weights lies in shared memory."""

    filters: int
    positions: int
    row: int  # from one tap's weights to the next tap's: an odd number of fours, to spread them over the banks
    channels: int


@lru_cache
def best_block(tile: Tile, K: int, C: int, taps: int, warps: int) -> Block:
    """Up to eight of all warps, fewer if that would leave processors without a block."""
    together = next((n for n in (8, 4) if warps // n >= ENOUGH // 4), 2)
    filters = min(together, K // tile.k)
    while taps * _row(filters * tile.k) * 4 > LARGEST and filters > 1:
        filters //= 2
    row = _row(filters * tile.k)
    slices = covers(C, max(1, SHARED // (taps * row * 4)))
    return Block(filters, together // filters, row, covers(C, slices) if C else 1)


def _row(filters: int) -> int:
    return 4 * (covers(filters, 4) | 1)


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
    (ROWS, SPAN), POSITIONS, ACROSS, APART = tile.seen(S), TI * TJ, covers(OW, TJ), S if P == 1 else 1
    TILES, TAPS, FILTERS, WARPS = covers(OH, TI) * ACROSS, FH * FW, WK * TK, WK * WP
    SUMS, SEEN, ROOM = TK * POSITIONS, ROWS * SPAN, SLICE * TAPS * ROW
    SHARE, EVEN = covers(FILTERS, WARPS), FILTERS % WARPS == 0
    (xc, xi, xj), (wk, wc, wp, wq), WHOLE = x_steps, w_steps, P == FH
    multiply_add, finish = _multiply_add(tile, (FW, S, ROW)), _finish(tile, ending == GATED, y_steps, gate_steps)
    if ending == POOLED:
        finish = _finish_pooled(tile, y_steps, code_steps)

    @cuda.jit
    def convolution(x, w, b, y, gate, code, w_start, slope):
        packed = cuda.shared.array(ROOM, np.float32, alignment=16)
        acc = cuda.local.array(SUMS, np.float32)
        xs = cuda.local.array(SEEN, np.float32)
        lane, warp, n = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.z * 32 + cuda.threadIdx.x
        first = min(cuda.blockIdx.y * FILTERS, K - FILTERS)
        mine = warp % WK * TK
        place = min(cuda.blockIdx.x * WP + warp // WK, TILES - 1)
        i, j, k0 = min(place // ACROSS * TI, OH - TI), min(place % ACROSS * TJ, OW - TJ), first + mine
        above, below = max(0, top - (i + TI - 1) * S), min(FH, bottom - i * S)
        for s in range(SUMS):
            acc[s] = b[index(k0 + s // POSITIONS)] if biased else ZERO
        for c0 in range(0, C, SLICE):
            count = min(SLICE, C - c0)
            cuda.syncthreads()
            for e in range(lane, count * TAPS, 32):
                at = w_start + (c0 + e // TAPS) * wc + e // FW % FH * wp + e % FW * wq + (first + warp) * wk
                for share in range(SHARE):
                    if EVEN or warp + share * WARPS < FILTERS:
                        packed[index(e * ROW + warp + share * WARPS)] = w[index(at + share * WARPS * wk)]
            cuda.syncthreads()
            for c in range(count):
                for p0 in range(0 if WHOLE else above, P if WHOLE else below, P):
                    at, weights = (c0 + c) * xc + (i * S + p0) * xi + j * S * xj + n, (c * FH + p0) * FW * ROW + mine
                    for q0 in range(0, FW, Q):
                        for t in range(SEEN):
                            xs[t] = x[index(at + t // SPAN * APART * xi + (q0 + t % SPAN) * xj)]
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
