"""The gradient of a convolution's weights on a GPU, with that of the biases as weights of a channel that is always 1.

A warp's lanes are 32 samples.  A thread holds the sums of a tile, k filters by p x q taps of one channel, for its own
sample, and walks over chunks of j neighbouring positions: a number of dy that it reads serves p x q taps, a number of x
k filters and several taps.  At the end the lanes are added through shared memory.  The warps of a block take other
channels of the same filters and positions, so they find dy in the first-level cache.  Where there are few weights, the
positions are cut into ranges, whose sums a second launch adds in their order.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from dlab.kernels.convolution.cuda_forward import ENOUGH, UNROLLED, covers, cycles
from dlab.kernels.gpu import WARP, Launch, Launches, factory, strides
from dlab.kernels.gpu.language import cuda, index
from dlab.kernels.memory import workspace
from dlab.layout import volume

REGISTERS = 104  # of a thread, for sums and what it sees of x
ROOM = 12_000  # numbers in shared memory
WARPS = 8  # of a block at most
THREADS = 128  # that add ranges
ZERO, ONE = np.float32(0), np.float32(1)


class Tile(NamedTuple):
    """What a thread does at once: so many filters, rows and columns of taps, and columns of positions."""

    k: int
    p: int
    q: int
    j: int


class Work(NamedTuple):
    """A tile, how many tiles of filters and groups of a channel's taps there are, and how positions are cut.

    each: chunks of positions in a range
    together: groups and ranges of a block, one a warp
    """

    tile: Tile
    filters: int
    groups: int
    ranges: int
    each: int
    together: tuple[int, int]


@lru_cache
def best_work(K, C, FH, FW, chunk_rows, OW, stride, pooled, biased) -> Work:
    """The tile that takes the fewest cycles; with less than ENOUGH warps, some schedulers have nothing to do.

    multiply-adds and loads of a chunk are k p q j and k j + p ((j - 1) S + q): 5 or 6 to 1 with about 70 sums.
    chunk_rows: rows of positions in all warps of samples, or pairs of rows if pooled
    """
    rows = 2 if pooled else 1

    def seen(tile: Tile) -> int:
        return ((rows - 1) * stride + tile.p) * ((tile.j - 1) * stride + tile.q)

    def cost(work: Work) -> tuple[int, int]:
        (k, p, q, j), filters, groups, ranges, each, _ = work
        chunk = cycles(k * p * q * j * rows, k * j * rows + seen(work.tile))
        return max(filters * groups * ranges, ENOUGH) * (each * chunk + 6 * k * p * q), -k * p * q

    filters, columns = range(1, min(K, 8) + 1), range(1 + pooled, min(OW, 8) + 1, 1 + pooled)
    tiles = (Tile(*sizes) for sizes in product(filters, range(1, FH + 1), range(1, FW + 1), columns))
    fitting = (
        t for t in tiles if volume(t) * rows <= UNROLLED and volume(t[:3]) + seen(t) <= REGISTERS
    )
    return min((_divided(t, K, C, FH, FW, chunk_rows * covers(OW, t.j), biased) for t in fitting), key=cost)


def _divided(tile: Tile, K, C, FH, FW, chunks: int, biased: bool) -> Work:
    """As many ranges as give ENOUGH warps."""
    filters, groups = covers(K, tile.k), C * covers(FH, tile.p) * covers(FW, tile.q) + biased
    each = covers(chunks, min(chunks, covers(ENOUGH, filters * groups)))
    ranges = covers(chunks, each)
    together = min(WARPS, groups)
    return Work(tile, filters, groups, ranges, each, (together, min(WARPS // together, ranges)))


@factory
def make_weights(work, sizes, samples, pooled, x_steps, dy_steps, y_steps, code_steps):
    """part[.., k, p, q] = sum over a range of samples and positions of dy[k,i,j] x[c,i S + p,j S + q]."""
    (TK, TP, TQ, TJ), _, GROUPS, RANGES, EACH, (WG, WR) = work
    K, C, FH, FW, OH, OW, S, SAMPLE_WARPS = sizes
    R = 2 if pooled else 1
    TAPS, POSITIONS, SPAN, ACROSS, DOWN = TP * TQ, R * TJ, (TJ - 1) * S + TQ, covers(OW, TJ), OH // R
    PT, QT, EVEN, CHUNKS = covers(FH, TP), covers(FW, TQ), OW % TJ == 0, DOWN * ACROSS * SAMPLE_WARPS
    SUMS, SEEN, ALL = TK * TAPS, ((R - 1) * S + TP) * SPAN, WG * WR
    TURN = max(1, min(ALL, ROOM // (SUMS * 33)))
    TURNS, SHARED = covers(ALL, TURN), TURN * SUMS * 33
    (xc, xi, xj), (dk, di, dj), (yk, yi, yj), (ck, ci, cj) = x_steps, dy_steps, y_steps, code_steps

    @cuda.jit
    def weights(x, dy, y, code, part, slope):
        room = cuda.shared.array(SHARED, np.float32)
        acc = cuda.local.array(SUMS, np.float32)
        xs = cuda.local.array(SEEN, np.float32)
        lane, warp = cuda.threadIdx.x, cuda.threadIdx.y
        k0, group = min(cuda.blockIdx.x * TK, K - TK), min(cuda.blockIdx.y * WG + warp % WG, GROUPS - 1)
        c, p0 = group // (PT * QT), min(group // QT % PT * TP, FH - TP)
        q0, first = min(group % QT * TQ, FW - TQ), (cuda.blockIdx.z * WR + warp // WG) * EACH
        for s in range(SUMS):
            acc[s] = ZERO
        for chunk in range(first, min(first + EACH, CHUNKS)):
            n, i, jt = chunk // (DOWN * ACROSS) * 32 + lane, chunk // ACROSS % DOWN, chunk % ACROSS
            j = min(jt * TJ, OW - TJ)
            if n < samples:
                at = c * xc + (i * R * S + p0) * xi + (j * S + q0) * xj + n
                if c < C:
                    for t in range(SEEN):
                        xs[t] = x[index(at + t // SPAN * xi + t % SPAN * xj)]
                else:
                    for t in range(SEEN):
                        xs[t] = ONE
                for k in range(TK):
                    for t in range(POSITIONS):
                        if pooled:
                            a = j // 2 + t % TJ // 2
                            kept = y[index((k0 + k) * yk + i * yi + a * yj + n)] > ZERO
                            error = dy[index((k0 + k) * dk + i * di + a * dj + n)]
                            chosen = code[index((k0 + k) * ck + i * ci + a * cj + n)] == t // TJ * 2 + t % 2
                            error = (error if kept else slope * error) if chosen else ZERO
                        else:
                            error = dy[index((k0 + k) * dk + i * di + (j + t) * dj + n)]
                        if not EVEN and j + t % TJ < jt * TJ:
                            error = ZERO
                        for s in range(TAPS):
                            seen = xs[(t // TJ * S + s // TQ) * SPAN + t % TJ * S + s % TQ]
                            acc[k * TAPS + s] += error * seen
        place = (cuda.blockIdx.x * cuda.gridDim.y + cuda.blockIdx.y) * cuda.gridDim.z + cuda.blockIdx.z
        for turn in range(TURNS):
            if warp // TURN == turn:
                for s in range(SUMS):
                    room[index((warp % TURN * SUMS + s) * 33 + lane)] = acc[s]
            cuda.syncthreads()
            for row in range(warp * 32 + lane, min(TURN, ALL - turn * TURN) * SUMS, ALL * 32):
                total = ZERO
                for other in range(32):
                    total += room[index(row * 33 + other)]
                part[index((place * ALL + turn * TURN) * SUMS + row)] = total
            cuda.syncthreads()

    return weights


@factory
def make_sum(work, sizes, biased):
    """dw[k,c,p,q] = sum of its parts over the ranges, in their order; db[k], the weight of channel C, likewise."""
    (TK, TP, TQ, _), _, GROUPS, RANGES, _, (WG, WR) = work
    K, C, FH, FW = sizes
    PT, QT, TAPS, WEIGHTS, BOX = covers(FH, TP), covers(FW, TQ), FH * FW, C * FH * FW, C * FH * FW + biased
    ACROSS, DEEP, SUMS = covers(GROUPS, WG), covers(RANGES, WR), TK * TP * TQ

    @cuda.jit
    def add_ranges(part, dw, db):
        number = cuda.blockIdx.x * 128 + cuda.threadIdx.x
        if number < K * BOX:
            k, place = number // BOX, number % BOX
            c, p, q = place // TAPS, place % TAPS // FW, place % FW
            kt, group = k // TK, c * PT * QT + p // TP * QT + q // TQ
            k0, p0, q0 = min(kt * TK, K - TK), min(p // TP * TP, FH - TP), min(q // TQ * TQ, FW - TQ)
            at, s = (kt * ACROSS + group // WG) * DEEP, ((k - k0) * TP + p - p0) * TQ + q - q0
            total = ZERO
            for r in range(RANGES):
                total += part[index(((at + r // WR) * WG * WR + r % WR * WG + group % WG) * SUMS + s)]
            if c < C:
                dw[index(k * WEIGHTS + place)] = total
            else:
                db[index(k)] = total

    return add_ranges


def bind(x, dy, y, code, dw, db, stride, slope, samples) -> Launches:
    """The two launches of a weight gradient, and what lies between them."""
    (K, C, FH, FW), warps, pooled, biased = dw.shape, x.shape[-1] // WARP, y is not None, db is not None
    scale = 2 if pooled else 1
    OH, OW = dy.shape[2] * scale, dy.shape[3] * scale
    work = best_work(K, C, FH, FW, dy.shape[2] * warps, OW, stride, pooled, biased)
    WG, WR = work.together
    grid = work.filters, covers(work.groups, WG), covers(work.ranges, WR)
    [part] = workspace((volume(grid), WG * WR, volume(work.tile[:3])))
    y, code = (y, code) if pooled else (dy, dy)
    steps = [strides(array)[1:4] for array in (x, dy, y, code)]
    samples = x.shape[-1] if samples is None else samples
    parts = make_weights(work, (K, C, FH, FW, OH, OW, stride, warps), samples, pooled, *steps)
    numbers = K * (C * FH * FW + biased)
    return Launches(
        Launch(parts, grid, (WARP, WG * WR), x, dy, y, code, part, np.float32(slope)),
        Launch(make_sum(work, dw.shape, biased), (covers(numbers, THREADS),), (THREADS,), part, dw, db if biased else dw),
    )
