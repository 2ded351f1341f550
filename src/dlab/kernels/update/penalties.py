"""Penalties on one weight, for a number in a compiled loop and for a NumPy array alike.

An exponent is a multiple of 1/2, given as its number of halves.  Such a power is a root and a few products, each
rounded as IEEE 754 says, hence the same bits on every processor; a library's `pow` is not.
"""

import numpy as np


def halves(exponent: float) -> int:
    """How many halves an exponent has: 3.5 has 7."""
    return round(2 * exponent)


def power(a, halves):
    """a^(halves / 2) for a >= 0 and halves >= 1."""
    found = np.sqrt(a) if halves % 2 else a
    for _ in range((halves - 1) // 2):
        found = found * a
    return found


def penalised(w, g, l1, l2, lp, powered):
    """The gradient with penalties: g + l2 w + (l1 + lp |w|^(p - 1)) sign(w), given |w|^(p - 1).

    source: L3 (T28, errata E51, E54)
    """
    return g + l2 * w + (l1 + lp * powered) * np.sign(w)
