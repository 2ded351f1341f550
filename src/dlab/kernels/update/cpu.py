"""The optimizer's single pass over memory: flat float32 arrays, in chunks cut by length alone."""

from collections.abc import Callable

import numpy as np
from numba import njit, types
from numba.extending import overload
from numba.np.unsafe.ndarray import to_fixed_tuple

from dlab.kernels.jit import factory, kernel
from dlab.kernels.update import penalties, rules
from dlab.kernels.workers import tasks

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

    @kernel(*[FLAT] * 6, types.intp, types.float32, types.float32, types.float32)
    def update(worker, w, g, m, v, z, coefficients, penalised, l1, l2, lp):
        c = to_fixed_tuple(coefficients, count)  # in registers: LLVM could not prove that w does not overlap it
        for task in tasks(worker, (w.size + CHUNK - 1) // CHUNK):
            start, stop = task * CHUNK, min((task + 1) * CHUNK, w.size)
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

    @kernel(FLAT, DOUBLES)
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
    """total[0] += share sum sums, one by one."""

    @kernel(DOUBLES, types.float64, DOUBLES, parallel=False)
    def add(sums, share, total):
        whole = 0.0
        for part in sums:
            whole += part
        total[0] += share * whole

    return add


@factory
def _shorten():
    """g <- factor g."""

    @kernel(FLAT, types.float32)
    def shorten(worker, g, factor):
        for task in tasks(worker, (g.size + CHUNK - 1) // CHUNK):
            part = g[task * CHUNK : (task + 1) * CHUNK]
            for i in range(part.size):
                part[i] *= factor

    return shorten


def _power_sum_of(x, exponent, share, total) -> Call:
    """total[0] += share sum |x|^exponent."""
    run, add, sums = _power_sum(penalties.halves(exponent)), _add(), np.zeros(-(-x.size // CHUNK))

    def call() -> None:
        run(x, sums)
        add(sums, share, total)

    return call


def clip(g, limit) -> Call:
    """Shorten g to the length `limit` where it is longer."""
    square, shorten = np.zeros(1), _shorten()
    measure = _power_sum_of(g, 2, 1.0, square)

    def run() -> None:
        square[0] = 0
        measure()
        norm = np.sqrt(square[0])
        if norm > limit:
            shorten(g, limit / norm)

    return run


def apply(rule, w, g, states, coefficients, penalised, l1, l2, lp, p) -> Call:
    """Move all parameters by one step; penalties count for the first `penalised` ones."""
    halves = penalties.halves(p - 1) if l1 or l2 or lp else 0
    run = _apply(RULES.index(rule), len(states), len(coefficients), halves)
    nothing = np.zeros(1, np.float32)
    m, v, z = [*states, nothing, nothing, nothing][:3]
    return lambda: run(w, g, m, v, z, coefficients, penalised, l1, l2, lp)


def penalty(w, penalised, l1, l2, lp, p, total) -> Call:
    """total[0] += what the penalties cost."""
    terms = [(1, l1), (2, l2), (p, lp)]
    calls = [_power_sum_of(w[:penalised], exponent, factor / exponent, total) for exponent, factor in terms if factor]

    def run() -> None:
        for call in calls:
            call()

    return run
