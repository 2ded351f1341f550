"""The optimizers' rules for one parameter: (w, g, m, v, c) -> (w, m, v), with gradient g, states m, v, coefficients c.

Plain arithmetic that holds for a number in a compiled loop and for a NumPy array alike; a state that a rule does not
have is passed through.
"""

import numpy as np


def penalised(w, g, l1, l2):
    """The gradient with penalties: g + l2 w + l1 sign(w); source: L3 (T28)."""
    return g + l2 * w + l1 * np.sign(w)


def sgd(w, g, m, v, c):
    """w <- w - lr g; c = (lr); source: L0, L2, L3, L4."""
    return w - c[0] * g, m, v


def momentum(w, g, m, v, c):
    """m <- mu m - lr g;  w <- w + m; c = (lr, mu); source: L0, L3."""
    m = c[1] * m - c[0] * g
    return w + m, m, v


def adam(w, g, m, v, c):
    """m, v <- running means of g, g^2;  w <- w - lr m^ / (sqrt(v^) + eps), m^ = m / (1 - b1^t), v^ = v / (1 - b2^t).

    c = (lr, b1, b2, eps, 1 / (1 - b1^t), 1 / (1 - b2^t)); source: Kingma and Ba 2015, L0, L3 (erratum E11)
    """
    m = g + c[1] * (m - g)
    v = g * g + c[2] * (v - g * g)
    return w - c[0] * (c[4] * m) / (np.sqrt(c[5] * v) + c[3]), m, v
