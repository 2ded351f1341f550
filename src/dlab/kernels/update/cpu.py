"""The optimizer's single pass over memory: flat float32 arrays, in chunks cut by length alone."""

from collections.abc import Callable

import numpy as np
from numba import njit, types
from numba.extending import overload
from numba.np.unsafe.ndarray import to_fixed_tuple

from dlab.kernels.calls import Bound, Calls
from dlab.kernels.jit import factory, kernel
from dlab.kernels.prefetch import prefetch
from dlab.kernels.tasks import tasks
from dlab.kernels.update import penalties, rules
from dlab.kernels.workers import alone

Call = Callable[[], object]
CHUNK, ROW = 4096, 256
RULES = [name for name in vars(rules) if callable(getattr(rules, name))]
FLAT = types.Array(types.float32, 1, "C")
DOUBLES = types.Array(types.float64, 1, "C")
power, penalised_gradient = njit(penalties.power), njit(penalties.penalised)


def _step(rule, w, g, m, v, z, c):
    """Rule number `rule` of RULES on one parameter."""
    return getattr(rules, RULES[rule])(w, g, m, v, z, c)


@overload(_step, prefer_literal=True)
def _overload_step(rule, w, g, m, v, z, c):
    """A closure that held the rule itself could not be cached; a literal number can."""
    chosen = njit(getattr(rules, RULES[rule.literal_value]))
    return lambda rule, w, g, m, v, z, c: chosen(w, g, m, v, z, c)


@factory
def _apply(rule, states, count, halves):
    """w, m, v, z <- rule(w, g', m, v, z): one task per chunk, and in it the penalised parameters first.

    Without penalties halves is 0, else 2 (p - 1).
    """

    @kernel(*[FLAT] * 6, types.intp, types.float32, types.float32, types.float32, writes="w m v z")
    def update(worker, w, g, m, v, z, coefficients, penalised, l1, l2, lp):
        c = to_fixed_tuple(coefficients, count)  # in registers: LLVM could not prove that w does not overlap it
        for task in tasks(worker, (w.size + CHUNK - 1) // CHUNK):
            start, stop = task * CHUNK, min((task + 1) * CHUNK, w.size)
            for i in range(start, stop, 16):  # a cache line each: what other cores have written comes all at once
                prefetch(w, (i,), 1)
                prefetch(g, (i,), 0)
            middle = max(start, min(penalised, stop))
            for part in range(2 if halves else 1):
                low = middle if halves and part == 1 else start
                high = middle if halves and part == 0 else stop
                ws, gs, ms, vs, zs = w[low:high], g[low:high], m[low:high], v[low:high], z[low:high]
                for i in range(ws.size):
                    first = ms[i] if states > 0 else np.float32(0)
                    second = vs[i] if states > 1 else np.float32(0)
                    third = zs[i] if states > 2 else np.float32(0)
                    gradient = gs[i]
                    if halves and part == 0:
                        powered = power(abs(ws[i]), halves)
                        gradient = penalised_gradient(ws[i], gradient, l1, l2, lp, powered)
                    ws[i], first, second, third = _step(rule, ws[i], gradient, first, second, third, c)
                    if states > 0:
                        ms[i] = first
                    if states > 1:
                        vs[i] = second
                    if states > 2:
                        zs[i] = third

    return update


@factory
def _power_sum(halves):
    """sums = sum |x|^(halves / 2) of each chunk in float64: down the columns of rows, which vectorises, then across."""

    @kernel(FLAT, DOUBLES, writes="sums")
    def power_sum(worker, x, sums):
        for task in tasks(worker, sums.size):
            part, columns = x[task * CHUNK : (task + 1) * CHUNK], np.zeros(ROW)
            for start in range(0, part.size, ROW):
                row = part[start : start + ROW]
                for i in range(row.size):
                    columns[i] += power(np.float64(abs(row[i])), halves)
            sums[task] = 0
            for i in range(ROW):
                sums[task] += columns[i]

    return power_sum


@factory
def _add():
    """total[0] += share sum sums, one by one, on one thread."""

    @kernel(DOUBLES, types.float64, DOUBLES, writes="total")
    def add(worker, sums, share, total):
        for _ in tasks(worker, 1):
            whole = 0.0
            for part in sums:
                whole += part
            total[0] += share * whole

    return add


@factory
def _shorten():
    """g <- g min(1, limit / ||g||), given the sums of the squares of its chunks, which are added one by one."""

    @kernel(FLAT, DOUBLES, types.float64, writes="g")
    def shorten(worker, g, sums, limit):
        for task in tasks(worker, sums.size):
            square = 0.0
            for part in sums:
                square += part
            if np.sqrt(square) > limit:
                factor, part = np.float32(limit / np.sqrt(square)), g[task * CHUNK : (task + 1) * CHUNK]
                for i in range(part.size):
                    part[i] *= factor

    return shorten


def _chunks(x):
    """Room for a sum of each chunk."""
    return np.zeros(-(-x.size // CHUNK))


def clip(g, limit) -> Call:
    """Shorten g to the length `limit` where it is longer."""
    squares = _chunks(g)
    return Calls(Bound(_power_sum(penalties.halves(2)), g, squares), Bound(_shorten(), g, squares, limit))


def apply(rule, w, g, states, coefficients, penalised, l1, l2, lp, p) -> Call:
    """Move all parameters by one step; penalties count for the first `penalised` ones."""
    halves = penalties.halves(p - 1) if l1 or l2 or lp else 0
    run = _apply(RULES.index(rule), len(states), len(coefficients), halves)
    nothing = np.zeros(1, np.float32)
    m, v, z = [*states, nothing, nothing, nothing][:3]
    return Bound(run, w, g, m, v, z, coefficients, penalised, l1, l2, lp)


def penalty(w, penalised, l1, l2, lp, p, total) -> Call:
    """total[0] += what the penalties cost."""
    weights = w[:penalised]
    terms = [(exponent, factor, _chunks(weights)) for exponent, factor in ((1, l1), (2, l2), (p, lp)) if factor]
    sums = [Bound(_power_sum(penalties.halves(exponent)), weights, chunks) for exponent, _, chunks in terms]
    return Calls(*sums, *(Bound(alone(_add()), chunks, factor / exponent, total) for exponent, factor, chunks in terms))
