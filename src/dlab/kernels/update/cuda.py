"""The optimizer's single pass over memory on a GPU: flat arrays, four numbers a thread.

Sums are float32: those of chunks, cut by length alone, and then the sum of these, which every warp that needs it works
out for itself, because a few loads cost less than a launch.
"""

import math
from collections.abc import Callable

import numpy as np

from dlab.kernels.gpu import Launch, Launches, factory
from dlab.kernels.gpu.language import cuda, over_warp
from dlab.kernels.memory import workspace
from dlab.kernels.tiles import covers
from dlab.kernels.update import cuda_rules, penalties, rules

Call = Callable[[], object]
U = np.uint32
RULES = [name for name in vars(rules) if callable(getattr(rules, name))]
THREADS, EACH, WARPS = 256, 4, 8
BLOCK = THREADS * EACH
CHUNKS = 1024  # at most
OLD = (5, EACH)
ZERO = np.float32(0)
power, penalised_gradient = cuda_rules.power, cuda_rules.penalised


@factory
def _apply(rule, states, count, halves):
    """w, m, v, z <- rule(w, g', m, v, z), all loads of a thread first; halves is 2 (p - 1), 0 without penalties."""
    step = cuda_rules.rule(RULES[rule])

    @cuda.jit
    def update(w, g, m, v, z, coefficients, size, penalised, l1, l2, lp):
        c = cuda.local.array(count, np.float32)
        old = cuda.local.array(OLD, np.float32)
        first = U(cuda.blockIdx.x) * BLOCK + U(cuda.threadIdx.x)
        for k in range(count):
            c[k] = coefficients[k]
        for e in range(EACH):
            i = first + e * THREADS
            if i < size:
                old[0, e], old[1, e] = w[i], g[i]
                if states > 0:
                    old[2, e] = m[i]
                if states > 1:
                    old[3, e] = v[i]
                if states > 2:
                    old[4, e] = z[i]
        for e in range(EACH):
            i = first + e * THREADS
            if i < size:
                gradient = old[1, e]
                if halves and i < penalised:
                    powered = power(abs(old[0, e]), halves)
                    gradient = penalised_gradient(old[0, e], gradient, l1, l2, lp, powered)
                moved = step(old[0, e], gradient, old[2, e], old[3, e], old[4, e], c)
                w[i] = moved[0]
                if states > 0:
                    m[i] = moved[1]
                if states > 1:
                    v[i] = moved[2]
                if states > 2:
                    z[i] = moved[3]

    return update


@factory
def _measure(halves):
    """sums[chunk] = sum c1 |x| + c2 x^2 + cp |x|^(halves / 2), the last unless halves is 0; a block a chunk."""

    @cuda.jit
    def measure(x, sums, size, chunk, c1, c2, cp):
        warps = cuda.shared.array(WARPS, np.float32)
        t, start, whole = U(cuda.threadIdx.x), U(cuda.blockIdx.x) * chunk, ZERO
        for first in range(start + t, start + chunk, BLOCK):
            for e in range(EACH):
                i = U(first + e * THREADS)
                a = abs(x[i]) if i < size else ZERO
                whole += a * (c1 + c2 * a)
                if halves:
                    whole += cp * power(a, halves)
        whole = over_warp(whole)
        if t % 32 == 0:
            warps[t // 32] = whole
        cuda.syncthreads()
        if t == 0:
            whole = ZERO
            for warp in range(WARPS):
                whole += warps[warp]
            sums[cuda.blockIdx.x] = whole

    return measure


@cuda.jit(device=True)
def _share(sums, count, lane):
    """A lane's share of a sum: every 32nd number."""
    whole = ZERO
    for i in range(lane, count, 32):
        whole += sums[i]
    return whole


@factory
def _add():
    """total[0] += sum sums."""

    @cuda.jit
    def add(sums, count, total):
        whole = over_warp(_share(sums, count, U(cuda.threadIdx.x)))
        if cuda.threadIdx.x == 0:
            total[0] += whole

    return add


@factory
def _shorten():
    """g <- limit g / ||g|| where ||g|| > limit; ||g||^2 = sum sums."""

    @cuda.jit
    def shorten(g, sums, count, size, limit):
        square = over_warp(_share(sums, count, U(cuda.threadIdx.x) % 32))
        norm = math.sqrt(square)
        if norm > limit:
            for e in range(EACH):
                i = U(cuda.blockIdx.x) * BLOCK + U(cuda.threadIdx.x) + e * THREADS
                if i < size:
                    g[i] *= limit / norm

    return shorten


def _measured(x, size, halves, *factors) -> tuple[np.ndarray, Launch]:
    """The workspace for the sums of chunks of x, and their launch."""
    chunk = BLOCK * max(4, covers(size, CHUNKS * BLOCK))
    [sums] = workspace((covers(size, chunk),))
    return sums, Launch(_measure(halves), sums.shape, (THREADS,), x, sums, U(size), U(chunk), *map(np.float32, factors))


def clip(g, limit) -> Call:
    """Shorten g to the length `limit` where it is longer."""
    sums, measure = _measured(g, g.size, 0, 0, 1, 0)
    grid = (covers(g.size, BLOCK),)
    return Launches(measure, Launch(_shorten(), grid, (THREADS,), g, sums, U(sums.size), U(g.size), np.float32(limit)))


def apply(rule, w, g, states, coefficients, penalised, l1, l2, lp, p) -> Call:
    """Move all parameters by one step; penalties count for the first `penalised` ones."""
    kernel = _apply(RULES.index(rule), len(states), len(coefficients), penalties.halves(p - 1) if l1 or l2 or lp else 0)
    m, v, z = [*states, w, w, w][:3]  # a state that the rule does not have is not read
    grid, factors = (covers(w.size, BLOCK),), map(np.float32, (l1, l2, lp))
    return Launch(kernel, grid, (THREADS,), w, g, m, v, z, coefficients, U(w.size), U(penalised), *factors)


def penalty(w, penalised, l1, l2, lp, p, total) -> Call:
    """total[0] += what the penalties cost."""
    if not penalised or not (l1 or l2 or lp):
        return Launches()
    sums, measure = _measured(w, penalised, penalties.halves(p) if lp else 0, l1, l2 / 2, lp / p)
    return Launches(measure, Launch(_add(), (1,), (32,), sums, U(sums.size), total))
