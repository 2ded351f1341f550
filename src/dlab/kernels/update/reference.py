"""The update pass as the page states it."""

import numpy as np

from dlab.kernels.reference import bound
from dlab.kernels.update import rules
from dlab.kernels.update.penalties import penalised as penalised_gradient


@bound
def clip(g, limit):
    """Shorten the gradient to a length: g <- g min(1, limit / ||g||).

    shapes: g [n], changed in place
    """
    norm = np.sqrt((g * g).sum())
    if norm > limit:
        g *= limit / norm


@bound
def apply(rule, w, g, states, coefficients, penalised, l1, l2, lp, p):
    """Move all parameters by one step of a rule: w, states <- rule(w, g', states),
    g' = g + l2 w + l1 sign(w) + lp |w|^(p - 1) sign(w).

    shapes: w, g and each of states [n], changed in place except g; penalties for the first `penalised` parameters
    """
    weights = slice(penalised)
    gradient = g.copy()
    gradient[weights] = penalised_gradient(w[weights], g[weights], l1, l2, lp, np.abs(w[weights]) ** (p - 1))
    m, v, z = [*states, 0.0, 0.0, 0.0][:3]
    moved = getattr(rules, rule)(w, gradient, m, v, z, coefficients)
    for array, value in zip((w, *states), moved, strict=False):
        array[...] = value


@bound
def penalty(w, penalised, l1, l2, lp, p, total):
    """Add what the penalties cost: total[0] += l1 sum |w| + l2 / 2 sum w^2 + lp / p sum |w|^p over the first
    `penalised` parameters.

    shapes: w [n] -> total [1 or more], float64
    """
    a = np.abs(w[:penalised])
    total[0] += l1 * a.sum() + l2 / 2 * (a * a).sum() + lp / p * (a**p).sum()
