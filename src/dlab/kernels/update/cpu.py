"""The optimizer's single pass over memory: flat float32 arrays, in chunks cut by length alone."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numba import njit, prange, types
from numba.extending import overload
from numba.np.unsafe.ndarray import to_fixed_tuple

from dlab.kernels.jit import array, kernel
from dlab.kernels.update import rules

Call = Callable[[], object]
CHUNK = 4096
RULES = [name for name in vars(rules) if callable(getattr(rules, name)) and name != "penalised"]
FLAT = types.Array(types.float32, 1, "C")
penalised_gradient = njit(rules.penalised)


def _step(rule, w, g, m, v, z, c):
    """Rule number `rule` of RULES on one parameter."""
    return getattr(rules, RULES[rule])(w, g, m, v, z, c)


@overload(_step, prefer_literal=True)
def _overload_step(rule, w, g, m, v, z, c):
    """A closure that held the rule itself could not be cached; a literal number can."""
    chosen = njit(getattr(rules, RULES[rule.literal_value]))
    return lambda rule, w, g, m, v, z, c: chosen(w, g, m, v, z, c)


@lru_cache
def _apply(rule, states, count, penalties):
    """w, m, v, z <- rule(w, g', m, v, z): one task per chunk, and in it the penalised parameters first."""

    @kernel(*[FLAT] * 6, types.intp, types.float32, types.float32)
    def update(w, g, m, v, z, coefficients, penalised, l1, l2):
        c = to_fixed_tuple(coefficients, count)  # in registers: LLVM could not prove that w does not overlap it
        for task in prange((w.size + CHUNK - 1) // CHUNK):
            start, stop = task * CHUNK, min((task + 1) * CHUNK, w.size)
            middle = max(start, min(penalised, stop))
            for part in range(2 if penalties else 1):
                low = middle if penalties and part == 1 else start
                high = middle if penalties and part == 0 else stop
                ws, gs, ms, vs, zs = w[low:high], g[low:high], m[low:high], v[low:high], z[low:high]
                for i in range(ws.size):
                    first = ms[i] if states > 0 else np.float32(0)
                    second = vs[i] if states > 1 else np.float32(0)
                    third = zs[i] if states > 2 else np.float32(0)
                    gradient = penalised_gradient(ws[i], gs[i], l1, l2) if penalties and part == 0 else gs[i]
                    ws[i], first, second, third = _step(rule, ws[i], gradient, first, second, third, c)
                    if states > 0:
                        ms[i] = first
                    if states > 1:
                        vs[i] = second
                    if states > 2:
                        zs[i] = third

    return update


@lru_cache
def _penalty():
    """total[0] += l1 sum |w| + l2 / 2 sum w^2, in float64 and in order."""

    @kernel(FLAT, types.intp, types.float64, types.float64, array(types.float64, 1), parallel=False)
    def penalty(w, penalised, l1, l2, total):
        absolute, square = 0.0, 0.0
        for i in range(penalised):
            absolute += abs(np.float64(w[i]))
            square += np.float64(w[i]) * np.float64(w[i])
        total[0] += l1 * absolute + 0.5 * l2 * square

    return penalty


def apply(rule, w, g, states, coefficients, penalised, l1, l2) -> Call:
    """Move all parameters by one step; penalties count for the first `penalised` ones."""
    run = _apply(RULES.index(rule), len(states), len(coefficients), bool(l1 or l2))
    nothing = np.zeros(1, np.float32)
    m, v, z = [*states, nothing, nothing, nothing][:3]
    return lambda: run(w, g, m, v, z, coefficients, penalised, l1, l2)


def penalty(w, penalised, l1, l2, total) -> Call:
    """total[0] += what the penalties cost."""
    run = _penalty()
    return lambda: run(w, penalised, l1, l2, total)
