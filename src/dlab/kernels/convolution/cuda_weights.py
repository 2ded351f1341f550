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

REGISTERS = 100  # of a thread, for sums and what it sees of x
ROOM = 12_000  # numbers in shared memory
WARPS = 8  # of a block at most
CHUNKS = 16  # of a range, to make up for adding its lanes
THREADS = 128  # that add ranges
ZERO, ONE = np.float32(0), np.float32(1)


class Tile(NamedTuple):
    """What a thread does at once: so many filters, rows of taps (c, p), columns of taps, and columns of positions."""

    k: int
    p: int
    q: int
    j: int


class Work(NamedTuple):
    """A tile, how many tiles of filters and of a filter's taps there are, and how positions are cut.

    each: chunks of positions in a range
    together: groups of taps and ranges in a block, each a warp's
    """

    tile: Tile
    filters: int
    groups: int
    ranges: int
    each: int
    together: tuple[int, int]


@lru_cache
def best_work(K: int, C: int, FH: int, FW: int, rows: int, OW: int, stride: int, pooled: bool, biased: bool) -> Work:
    """The tile that takes the fewest cycles; with less than ENOUGH warps, some schedulers have nothing to do.

    multiply-adds and loads of a chunk are k p q j and k j + p ((j - 1) S + q), per row of a pair if pooled: about 5 to
    1 with 80 sums.
    rows: of positions in all warps of samples, or pairs of rows if pooled
    """
    pair, error = (2, 8) if pooled else (1, 1)  # rows, and instructions that make a number of dy

    def seen(tile: Tile) -> int:
        return pair * tile.p * ((tile.j - 1) * stride + tile.q)

    def cost(work: Work) -> tuple[int, int]:
        (k, p, q, j), filters, groups, ranges, each, _ = work
        chunk = cycles(k * j * pair * (p * q + error - 1), k * j * pair + seen(work.tile))
        return max(filters * groups * ranges, ENOUGH) * (each * chunk + 6 * k * p * q), -k * p * q

    filters, columns = range(1, min(K, 8) + 1), range(1 + pooled, min(OW, 14) + 1, 1 + pooled)
    tiles = (Tile(*sizes) for sizes in product(filters, range(1, min(4, C * FH) + 1), range(1, FW + 1), columns))
    fitting = (
        t for t in tiles if t.k * t.j * pair * (t.p * t.q + error) <= UNROLLED and volume(t[:3]) + seen(t) <= REGISTERS
    )
    return min((_divided(t, K, C * FH, FW, rows * covers(OW, t.j), biased) for t in fitting), key=cost)


def _divided(tile: Tile, K: int, tap_rows: int, FW: int, chunks: int, biased: bool) -> Work:
    """As many ranges as give ENOUGH warps, or four times as many, to spread them evenly, while they have CHUNKS."""
    filters, groups = covers(K, tile.k), covers(tap_rows, tile.p) * covers(FW, tile.q) + biased
    fewest, most = (covers(chunks, min(chunks, covers(n * ENOUGH, filters * groups))) for n in (4, 1))
    each = max(fewest, min(CHUNKS, most))
    ranges, together = covers(chunks, each), min(WARPS, groups)
    return Work(tile, filters, groups, ranges, each, (together, min(WARPS // together, ranges)))


@factory
def make_weights(work, sizes, samples, pooled, x_steps, dy_steps, y_steps, code_steps):
    """part[.., k, r, q] = sum over a range of samples and positions of dy[k,i,j] x[c,i S + p,j S + q], r = (c, p)."""
    (TK, TP, TQ, TJ), _, GROUPS, _, EACH, (WG, WR) = work
    K, C, FH, FW, OH, OW, S, SAMPLE_WARPS = sizes
    R = 2 if pooled else 1
    TAPS, POSITIONS, SPAN, ACROSS, DOWN = TP * TQ, R * TJ, (TJ - 1) * S + TQ, covers(OW, TJ), OH // R
    QT, ROWS, EVEN, COUNT = covers(FW, TQ), C * FH, OW % TJ == 0, DOWN * ACROSS * SAMPLE_WARPS
    SUMS, SEEN, ALL = TK * TAPS, R * TP * SPAN, WG * WR
    TURN = max(1, min(ALL, ROOM // (SUMS * 33)))
    TURNS, SHARED = covers(ALL, TURN), TURN * SUMS * 33
    (xc, xi, xj), (dk, di, dj), (yk, yi, yj), (ck, ci, cj) = x_steps, dy_steps, y_steps, code_steps

    @cuda.jit
    def weights(x, dy, y, code, part, slope):
        room = cuda.shared.array(SHARED, np.float32)
        rows = cuda.local.array(TP, np.int32)
        acc = cuda.local.array(SUMS, np.float32)
        xs = cuda.local.array(SEEN, np.float32)
        lane, warp = cuda.threadIdx.x, cuda.threadIdx.y
        k0, group = min(cuda.blockIdx.x * TK, K - TK), min(cuda.blockIdx.y * WG + warp % WG, GROUPS - 1)
        row0, q0 = group // QT * TP, min(group % QT * TQ, FW - TQ)
        for r in range(TP):
            row = min(row0 + r, ROWS - 1)
            rows[r] = row // FH * xc + row % FH * xi + q0 * xj
        for s in range(SUMS):
            acc[s] = ZERO
        first = (cuda.blockIdx.z * WR + warp // WG) * EACH
        n, i, jt = first // (DOWN * ACROSS) * 32 + lane, first // ACROSS % DOWN, first % ACROSS
        for _ in range(first, min(first + EACH, COUNT)):
            j = min(jt * TJ, OW - TJ)
            if n < samples:
                if row0 < ROWS:
                    for t in range(SEEN):
                        at = i * R * S * xi + j * S * xj + n + rows[t // SPAN % TP]
                        xs[t] = x[index(at + t // SPAN // TP * S * xi + t % SPAN * xj)]
                else:
                    for t in range(SEEN):
                        xs[t] = ONE
                for k in range(TK):
                    for t in range(POSITIONS):
                        if pooled:
                            v = j // 2 + t % TJ // 2
                            error = dy[index((k0 + k) * dk + i * di + v * dj + n)]
                            if not y[index((k0 + k) * yk + i * yi + v * yj + n)] > ZERO:
                                error *= slope
                            if code[index((k0 + k) * ck + i * ci + v * cj + n)] != t // TJ * 2 + t % TJ % 2:
                                error = ZERO
                        else:
                            error = dy[index((k0 + k) * dk + i * di + (j + t) * dj + n)]
                        if not EVEN and j + t % TJ < jt * TJ:
                            error = ZERO
                        for p in range(TP):
                            for q in range(TQ):
                                seen = xs[(t // TJ * TP + p) * SPAN + t % TJ * S + q]
                                acc[k * TAPS + p * TQ + q] += error * seen
            jt += 1
            if jt == ACROSS:
                jt = 0
                i += 1
                if i == DOWN:
                    i = 0
                    n += 32
        block = (cuda.blockIdx.x * cuda.gridDim.y + cuda.blockIdx.y) * cuda.gridDim.z + cuda.blockIdx.z
        for turn in range(TURNS):
            if warp // TURN == turn:
                for s in range(SUMS):
                    room[index((warp % TURN * SUMS + s) * 33 + lane)] = acc[s]
            cuda.syncthreads()
            for s in range(warp * 32 + lane, min(TURN, ALL - turn * TURN) * SUMS, ALL * 32):
                total = ZERO
                for other in range(32):
                    total += room[index(s * 33 + other)]
                part[index((block * ALL + turn * TURN) * SUMS + s)] = total
            cuda.syncthreads()

    return weights


@factory
def make_sum(work, sizes, biased):
    """dw[k,c,p,q] = sum of its parts over the ranges, in their order; db[k], the weight behind the last, likewise."""
    (TK, TP, TQ, _), _, GROUPS, RANGES, _, (WG, WR) = work
    K, C, FH, FW = sizes
    QT, WEIGHTS, BOX = covers(FW, TQ), C * FH * FW, C * FH * FW + biased
    ACROSS, DEEP, SUMS, BIAS = covers(GROUPS, WG), covers(RANGES, WR), TK * TP * TQ, GROUPS - 1

    @cuda.jit
    def add_ranges(part, dw, db):
        number = cuda.blockIdx.x * 128 + cuda.threadIdx.x
        if number < K * BOX:
            k, place = number // BOX, number % BOX
            row, q = place // FW, place % FW
            group, s = row // TP * QT + q // TQ, row % TP * TQ + q - min(q // TQ * TQ, FW - TQ)
            if place == WEIGHTS:
                group, s = BIAS, 0
            at, s = (k // TK * ACROSS + group // WG) * DEEP, s + (k - min(k // TK * TK, K - TK)) * TP * TQ
            total = ZERO
            for r in range(RANGES):
                total += part[index(((at + r // WR) * WG * WR + r % WR * WG + group % WG) * SUMS + s)]
            if place < WEIGHTS:
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
        Launch(
            make_sum(work, dw.shape, biased), (covers(numbers, THREADS),), (THREADS,), part, dw, db if biased else dw
        ),
    )
