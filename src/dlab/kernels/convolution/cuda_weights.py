"""The gradient of a convolution's weights on a GPU, with that of the biases as weights of a channel that is always 1.

A warp's lanes are 32 samples.  A thread holds the sums of a tile, k filters by p x q taps of one channel, for its own
sample, and walks over chunks of j neighbouring positions: a number of dy that it reads serves p x q taps, a number of x
k filters and several taps.  At the end the lanes are added through shared memory.  The warps of a block take other
channels of the same filters and positions, so they find dy in the first-level cache.  Where there are few weights, the
positions are cut into ranges, whose sums a second launch adds in their order.
"""

from functools import lru_cache

import numpy as np

from dlab.kernels.convolution.cuda_weights_tiles import best_work
from dlab.kernels.gpu import WARP, Launch, Launches, factory, strides
from dlab.kernels.gpu.language import cuda, index
from dlab.kernels.memory import workspace
from dlab.kernels.tiles import covers
from dlab.layout import volume

ROOM = 12_000  # numbers in shared memory
THREADS = 128  # that add ranges
ZERO, ONE = np.float32(0), np.float32(1)


@lru_cache
def _begin(tile, sizes, x_steps):
    """No sums yet, where the rows of taps of a group begin in x, and whether they do: the last group is the biases'."""
    (_, TP, TQ, _), (C, FH, FW), (xc, xi, xj) = tile, sizes, x_steps
    QT, ROWS = covers(FW, TQ), C * FH

    @cuda.jit(device=True)
    def begin(acc, rows, group):
        for s in range(acc.size):
            acc[s] = ZERO
        row0, q0 = group // QT * TP, min(group % QT * TQ, FW - TQ)
        for r in range(TP):
            row = min(row0 + r, ROWS - 1)
            rows[r] = row // FH * xc + row % FH * xi + q0 * xj
        return row0 < ROWS

    return begin


@lru_cache
def _see(tile, pair, stride, x_steps):
    """How a thread takes what it sees of x: for each row of a pair and of its taps, a row of neighbouring numbers."""
    SPAN, (_, xi, xj) = (tile.j - 1) * stride + tile.q, x_steps
    TP, SEEN = tile.p, pair * tile.p * SPAN

    @cuda.jit(device=True)
    def see(xs, x, rows, i, j, n, inside):
        if inside:
            for t in range(SEEN):
                at = i * pair * stride * xi + j * stride * xj + n + rows[t // SPAN % TP]
                xs[t] = x[index(at + t // SPAN // TP * stride * xi + t % SPAN * xj)]
        else:
            for t in range(SEEN):
                xs[t] = ONE

    return see


@lru_cache
def _error(dy_steps):
    """The gradient at position t of a row, from (k, i, j) on."""
    dk, di, dj = dy_steps

    @cuda.jit(device=True)
    def error(dy, y, code, k, i, j, n, t, slope):
        return dy[index(k * dk + i * di + (j + t) * dj + n)]

    return error


@lru_cache
def _pooled_error(columns, dy_steps, y_steps, code_steps):
    """The same at position t of a pair of rows before a 2x2 maximum: 0, if that came from another position."""
    (dk, di, dj), (yk, yi, yj), (ck, ci, cj), TJ = dy_steps, y_steps, code_steps, columns

    @cuda.jit(device=True)
    def error(dy, y, code, k, i, j, n, t, slope):
        v = j // 2 + t % TJ // 2
        value = dy[index(k * dk + i * di + v * dj + n)]
        if not y[index(k * yk + i * yi + v * yj + n)] > ZERO:
            value *= slope
        return value if code[index(k * ck + i * ci + v * cj + n)] == t // TJ * 2 + t % TJ % 2 else ZERO

    return error


@lru_cache
def _multiply_add(tile, pair, stride, even, error):
    """The share of a chunk: gradients of a tile's filters, times what the thread sees of x from there.

    Where tiles do not divide the columns, the last one slides back, and what it shares with the one before is left out.
    """
    (TK, TP, TQ, TJ), SPAN = tile, (tile.j - 1) * stride + tile.q
    TAPS, POSITIONS = TP * TQ, pair * TJ

    @cuda.jit(device=True)
    def multiply_add(acc, xs, dy, y, code, k0, i, j, n, first, slope):
        for k in range(TK):
            for t in range(POSITIONS):
                value = error(dy, y, code, k0 + k, i, j, n, t, slope)
                if not even and j + t % TJ < first:
                    value = ZERO
                for p in range(TP):
                    for q in range(TQ):
                        seen = xs[(t // TJ * TP + p) * SPAN + t % TJ * stride + q]
                        acc[k * TAPS + p * TQ + q] += value * seen

    return multiply_add


@lru_cache
def _next_chunk(across, down):
    """One chunk on: to the right, then down, then to the next 32 samples."""

    @cuda.jit(device=True)
    def next_chunk(n, i, jt):
        jt += 1
        if jt == across:
            jt = 0
            i += 1
            if i == down:
                i = 0
                n += 32
        return n, i, jt

    return next_chunk


@cuda.jit(device=True)
def _lay(acc, room, at):
    """A thread's sums, 33 numbers apart: those of a warp's lanes side by side, and spread over the banks."""
    for s in range(acc.size):
        room[index(at + s * 33)] = acc[s]


@cuda.jit(device=True)
def _sum_of_lanes(room, at):
    """32 numbers side by side, added in order."""
    total = ZERO
    for lane in range(32):
        total += room[index(at + lane)]
    return total


@factory
def make_weights(work, sizes, samples, pooled, x_steps, dy_steps, y_steps, code_steps):
    """part[.., k, r, q] = sum over a range of samples and positions of dy[k,i,j] x[c,i S + p,j S + q], r = (c, p)."""
    tile, _, GROUPS, _, EACH, (WG, WR) = work
    K, C, FH, FW, OH, OW, S, SAMPLE_WARPS = sizes
    (TK, TP, TQ, TJ), R, ALL = tile, 2 if pooled else 1, WG * WR
    SUMS, SEEN, ACROSS, DOWN = TK * TP * TQ, R * TP * ((TJ - 1) * S + TQ), covers(OW, TJ), OH // R
    COUNT, TURN = DOWN * ACROSS * SAMPLE_WARPS, max(1, min(ALL, ROOM // (SUMS * 33)))
    TURNS, SHARED = covers(ALL, TURN), TURN * SUMS * 33
    begin, see = _begin(tile, (C, FH, FW), x_steps), _see(tile, R, S, x_steps)
    error = _pooled_error(TJ, dy_steps, y_steps, code_steps) if pooled else _error(dy_steps)
    multiply_add, next_chunk = _multiply_add(tile, R, S, OW % TJ == 0, error), _next_chunk(ACROSS, DOWN)

    @cuda.jit
    def weights(x, dy, y, code, part, slope):
        room = cuda.shared.array(SHARED, np.float32)
        rows = cuda.local.array(TP, np.int32)
        acc = cuda.local.array(SUMS, np.float32)
        xs = cuda.local.array(SEEN, np.float32)
        lane, warp, k0 = cuda.threadIdx.x, cuda.threadIdx.y, min(cuda.blockIdx.x * TK, K - TK)
        inside = begin(acc, rows, min(cuda.blockIdx.y * WG + warp % WG, GROUPS - 1))
        first = (cuda.blockIdx.z * WR + warp // WG) * EACH
        n, i, jt = first // (DOWN * ACROSS) * 32 + lane, first // ACROSS % DOWN, first % ACROSS
        for _ in range(first, min(first + EACH, COUNT)):
            j = min(jt * TJ, OW - TJ)
            if n < samples:
                see(xs, x, rows, i, j, n, inside)
                multiply_add(acc, xs, dy, y, code, k0, i, j, n, jt * TJ, slope)
            n, i, jt = next_chunk(n, i, jt)
        block = (cuda.blockIdx.x * cuda.gridDim.y + cuda.blockIdx.y) * cuda.gridDim.z + cuda.blockIdx.z
        for turn in range(TURNS):
            if warp // TURN == turn:
                _lay(acc, room, warp % TURN * SUMS * 33 + lane)
            cuda.syncthreads()
            for s in range(warp * 32 + lane, min(TURN, ALL - turn * TURN) * SUMS, ALL * 32):
                part[index((block * ALL + turn * TURN) * SUMS + s)] = _sum_of_lanes(room, s * 33)
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
