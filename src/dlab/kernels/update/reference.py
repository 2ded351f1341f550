"""The update pass as the page states it."""

import numpy as np

from dlab.kernels.reference import bound
from dlab.kernels.update import rules


@bound
def apply(rule, w, g, states, coefficients, penalised, l1, l2):
    """Move all parameters by one step of a rule: w, states <- rule(w, g', states), g' = g + l2 w + l1 sign(w).

    shapes: w, g and each of states [n], changed in place except g; penalties for the first `penalised` parameters
    """
    weights = slice(penalised)
    gradient = g.copy()
    gradient[weights] = rules.penalised(w[weights], g[weights], l1, l2)
    m, v, z = [*states, 0.0, 0.0, 0.0][:3]
    moved = getattr(rules, rule)(w, gradient, m, v, z, coefficients)
    for array, value in zip((w, *states), moved, strict=False):
        array[...] = value


@bound
def penalty(w, penalised, l1, l2, total):
    """Add what the penalties cost: total[0] += l1 sum |w| + l2 / 2 sum w^2 over the first `penalised` parameters.

    shapes: w [n] -> total [1 or more], float64
    """
    weights = w[:penalised]
    total[0] += l1 * np.abs(weights).sum() + 0.5 * l2 * (weights * weights).sum()
