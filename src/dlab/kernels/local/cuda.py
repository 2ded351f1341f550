"""Local filters on the GPU: x [1, C, H, W, N] with its padding, w [OH, OW, C, FH, FW, K], y [1, K, OH, OW, N].

A weight is used once for each sample, so a thread holds a tile of filters (or channels) by samples 32 apart: a weight
serves all of these samples, a number of x or dy all of the filters.  The weight gradient is a product of matrices at
each position, what the filters see [C FH FW, N] by dy [N, K], with filters as lanes: a thread has weights of its own,
and no sums of lanes are left.
"""

from collections.abc import Callable

import numpy as np

from dlab.kernels.gpu import WARP, Launch, factory, strides
from dlab.kernels.gpu.language import cuda, index
from dlab.layout import volume

Call = Callable[[], object]
WARPS = 4  # of a block, each with its tile of filters or channels
ROWS = 8  # places of a window that a thread of the weight gradient has
ZERO, ONE = np.float32(0), np.float32(1)


def _tile(outputs, lanes):
    """Filters or channels, and samples, of a thread: eight and four if there are so many."""
    return max(t for t in (1, 2, 4, 8) if t <= outputs), max(t for t in (1, 2, 4) if lanes // WARP % t == 0)


def _covers(size, tile):
    return -(-size // tile)


@factory
def _forward(tile, sizes, biased, x_steps, y_steps):
    """y[k,i,j] = f(b[i,j,k] + sum_cpq w[i,j,c,p,q,k] x[c,i S + p,j S + q]), a block for some filters of a position."""
    (TK, TN), (C, FH, FW, K, OW, S) = tile, sizes
    SUMS, (xc, xi, xj), (yk, yi, yj) = TK * TN, x_steps, y_steps

    @cuda.jit
    def local(x, w, b, y, slope):
        acc = cuda.local.array(SUMS, np.float32)
        xs = cuda.local.array(TN, np.float32)
        place, n = cuda.blockIdx.x, cuda.blockIdx.z * TN * 32 + cuda.threadIdx.x
        i, j = place // OW, place % OW
        k0 = min((cuda.blockIdx.y * WARPS + cuda.threadIdx.y) * TK, K - TK)
        for s in range(SUMS):
            acc[s] = b[index(place * K + k0 + s // TN)] if biased else ZERO
        for c in range(C):
            for p in range(FH):
                for q in range(FW):
                    at = c * xc + (i * S + p) * xi + (j * S + q) * xj + n
                    weights = (((place * C + c) * FH + p) * FW + q) * K + k0
                    for t in range(TN):
                        xs[t] = x[index(at + 32 * t)]
                    for k in range(TK):
                        weight = w[index(weights + k)]
                        for t in range(TN):
                            acc[k * TN + t] += weight * xs[t]
        for s in range(SUMS):
            value = acc[s]
            at = (k0 + s // TN) * yk + i * yi + j * yj + n + s % TN * 32
            y[index(at)] = value if value > ZERO else slope * value

    return local


@factory
def _data_gradient(tile, sizes, gated, dy_steps, dx_steps, gate_steps):
    """dx[c,h,v] = f' sum_ijk w[i,j,c,h + P - i S,v + P - j S,k] dy[k,i,j], a block for some channels of a pixel."""
    (TC, TN), (C, FH, FW, K, OH, OW, W, S, P) = tile, sizes
    SUMS, BOX, (dk, di, dj), (xc, xi, xj), (gc, gi, gj) = TC * TN, C * FH * FW, dy_steps, dx_steps, gate_steps

    @cuda.jit
    def data_gradient(dy, w, dx, gate, slope):
        acc = cuda.local.array(SUMS, np.float32)
        errors = cuda.local.array(TN, np.float32)
        h, v, n = cuda.blockIdx.x // W, cuda.blockIdx.x % W, cuda.blockIdx.z * TN * 32 + cuda.threadIdx.x
        c0 = min((cuda.blockIdx.y * WARPS + cuda.threadIdx.y) * TC, C - TC)
        for s in range(SUMS):
            acc[s] = ZERO
        for i in range(max(0, (h + P - FH) // S + 1), min(OH, (h + P) // S + 1)):
            for j in range(max(0, (v + P - FW) // S + 1), min(OW, (v + P) // S + 1)):
                p, q = h + P - i * S, v + P - j * S
                weights = ((i * OW + j) * BOX + (c0 * FH + p) * FW + q) * K
                for k in range(K):
                    for t in range(TN):
                        errors[t] = dy[index(k * dk + i * di + j * dj + n + 32 * t)]
                    for c in range(TC):
                        weight = w[index(weights + c * FH * FW * K + k)]
                        for t in range(TN):
                            acc[c * TN + t] += weight * errors[t]
        for s in range(SUMS):
            value, c, lane = acc[s], c0 + s // TN, n + s % TN * 32
            by = gate[index(c * gc + h * gi + v * gj + lane)] if gated else ONE
            dx[index(c * xc + h * xi + v * xj + lane)] = value if by > ZERO else slope * value

    return data_gradient


@factory
def _weight_gradient(sizes, samples, biased, x_steps, dy_steps):
    """dw[i,j,r,k] = sum_n dy[k,i,j] x[c,i S + p,j S + q], r = (c, p, q), a block for 32 filters of 32 r of a position.

    db[i,j,k] is the weight behind the last r, of which x is 1.
    """
    (C, FH, FW, K, OW, S), (xc, xi, xj), (dk, di, dj) = sizes, x_steps, dy_steps
    BOX, TILE = C * FH * FW, WARPS * ROWS
    ERRORS, SEEN = 32 * 33, WARPS * ROWS * 32

    @cuda.jit
    def weight_gradient(x, dy, dw, db):
        errors = cuda.shared.array(ERRORS, np.float32)
        seen = cuda.shared.array(SEEN, np.float32, alignment=16)
        acc = cuda.local.array(ROWS, np.float32)
        lane, warp, place = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.x
        i, j, r0, k0 = place // OW, place % OW, cuda.blockIdx.y * TILE, cuda.blockIdx.z * 32
        for s in range(ROWS):
            acc[s] = ZERO
        for n0 in range(0, samples, 32):
            for k in range(warp, 32, WARPS):
                at, inside = (k0 + k) * dk + i * di + j * dj + n0 + lane, n0 + lane < samples and k0 + k < K
                errors[index(k * 33 + lane)] = dy[index(at)] if inside else ZERO
            for s in range(warp, TILE, WARPS):
                c, p, q = (r0 + s) // (FH * FW), (r0 + s) // FW % FH, (r0 + s) % FW
                at = c * xc + (i * S + p) * xi + (j * S + q) * xj + n0 + lane
                seen[index(s * 32 + lane)] = x[index(at)] if r0 + s < BOX else ONE
            cuda.syncthreads()
            for n in range(32):
                error = errors[index(lane * 33 + n)]
                for s in range(ROWS):
                    acc[s] += error * seen[index((warp * ROWS + s) * 32 + n)]
            cuda.syncthreads()
        for s in range(ROWS):
            r, k = r0 + warp * ROWS + s, k0 + lane
            if k < K and r < BOX:
                dw[index((place * BOX + r) * K + k)] = acc[s]
            elif k < K and r == BOX and biased:
                db[index(place * K + k)] = acc[s]

    return weight_gradient


def forward(x, w, b, y, stride=1, slope=1.0) -> Call:
    """y = rectify(local filters of x, which includes its padding)."""
    OH, OW, *box, K = w.shape
    tile, lanes = _tile(K, x.shape[-1]), x.shape[-1]
    run = _forward(tile, (*box, K, OW, stride), b is not None, strides(x)[1:4], strides(y)[1:4])
    grid = OH * OW, _covers(K, WARPS * tile[0]), lanes // (WARP * tile[1])
    return Launch(run, grid, (WARP, WARPS), x, w, w if b is None else b, y, np.float32(slope))


def data_gradient(dy, w, dx, stride=1, pad=0, gate=None, slope=1.0) -> Call:
    """dx = dy along the weights, times the derivative of the rectifier that made the input `gate`."""
    OH, OW, C, FH, FW, K = w.shape
    tile, other = _tile(C, dx.shape[-1]), dx if gate is None else gate
    sizes, steps = (C, FH, FW, K, OH, OW, dx.shape[3], stride, pad), (strides(a)[1:4] for a in (dy, dx, other))
    run = _data_gradient(tile, sizes, gate is not None, *steps)
    grid = volume(dx.shape[2:4]), _covers(C, WARPS * tile[0]), dx.shape[-1] // (WARP * tile[1])
    return Launch(run, grid, (WARP, WARPS), dy, w, dx, other, np.float32(slope))


def weight_gradient(x, dy, dw, db, stride=1, samples=None) -> Call:
    """dw, db over the first samples."""
    OH, OW, *box, K = dw.shape
    biased, count = db is not None, x.shape[-1] if samples is None else samples
    run = _weight_gradient((*box, K, OW, stride), count, biased, strides(x)[1:4], strides(dy)[1:4])
    grid = OH * OW, _covers(volume(box) + biased, WARPS * ROWS), _covers(K, 32)
    return Launch(run, grid, (WARP, WARPS), x, dy, dw, db if biased else dw)
