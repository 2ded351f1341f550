"""The optimizers' rules for one parameter: (w, g, m, v, z, c) -> (w, m, v, z).

g is the gradient, m, v and z are states, c the step's coefficients.  Plain arithmetic that holds for a number in a
compiled loop and for a NumPy array alike; a state that a rule does not have is passed through.  Constants are in c: a
literal 1 would make Numba compute in float64.  c[0] is the learning rate or a multiple of it, and no other constant
depends on the rate.  Where a rule divides by a root, c has two eps: one inside the root and one beside it, of which one
is 0 (erratum E11).
"""

import numpy as np


def sgd(w, g, m, v, z, c):
    """w <- w - lr g; c = (lr); source: L0, L2, L3, L4."""
    return w - c[0] * g, m, v, z


def momentum(w, g, m, v, z, c):
    """m <- mu m - lr g;  w <- w + m; c = (lr, mu); source: L0, L3."""
    m = c[1] * m - c[0] * g
    return w + m, m, v, z


def nag(w, g, m, v, z, c):
    """m' <- mu m - lr g;  w <- w - mu m + (1 + mu) m', w the look-ahead point; c = (lr, mu).

    source: Nesterov 1983, Sutskever et al. 2013; L3 (its print differs, see the optimizer)
    """
    after = c[1] * m - c[0] * g
    return w - c[1] * m + after + c[1] * after, after, v, z


def adagrad(w, g, m, v, z, c):
    """m <- m + g^2;  w <- w - lr g / (sqrt(m + eps_in) + eps); c = (lr, eps_in, eps).

    source: Duchi et al. 2011, L0, L3
    """
    m = m + g * g
    return w - c[0] * g / (np.sqrt(m + c[1]) + c[2]), m, v, z


def rmsprop(w, g, m, v, z, c):
    """m <- running mean of g^2;  w <- w - lr g / (sqrt(m + eps_in) + eps); c = (lr, eps_in, eps, share of g^2).

    source: Hinton 2012, L0, L3
    """
    m = m + c[3] * (g * g - m)
    return w - c[0] * g / (np.sqrt(m + c[1]) + c[2]), m, v, z


def rmsprop_graves(w, g, m, v, z, c):
    """m, v <- running means of g, g^2;  z <- mu z - lr g / sqrt(v - m^2 + eps);  w <- w + z.

    c = (lr, share of g, mu, eps); source: Graves 2013; L3 has mu = 0
    """
    m = m + c[1] * (g - m)
    v = v + c[1] * (g * g - v)
    z = c[2] * z - c[0] * g / np.sqrt(v - m * m + c[3])
    return w + z, m, v, z


def smorms3(w, g, m, v, z, c):
    """m, v <- running means of g, g^2 with share r = 1 / (z + 1) of the new;  q = m^2 / (v + eps);
    w <- w - g min(lr, q) / (sqrt(v) + eps);  z <- 1 + (1 - q) z, from 1 on; c = (lr, eps, 1).

    source: Funk 2015; L3 prints it garbled (see the optimizer)
    """
    share = c[2] / (z + c[2])
    m = m + share * (g - m)
    v = v + share * (g * g - v)
    q = m * m / (v + c[1])
    return w - g * np.minimum(c[0], q) / (np.sqrt(v) + c[1]), m, v, c[2] + (c[2] - q) * z


def smorms3_lecture(w, g, m, v, z, c):
    """SMORMS3 as L3 prints it: share r of the old in both means, eps inside the root, and z <- 1 + (1 - q z).

    c = (lr, eps, 1); source: L3 (erratum E48)
    """
    share = c[2] / (z + c[2])
    m = g + share * (m - g)
    v = g * g + share * (v - g * g)
    q = m * m / (v + c[1])
    return w - g * np.minimum(c[0], q) / np.sqrt(v + c[1]), m, v, c[2] + (c[2] - q * z)


def adam(w, g, m, v, z, c):
    """m, v <- running means of g, g^2;  w <- w - lr m^ / (sqrt(v^ + eps_in) + eps), m^ = m / (1 - b1^t), v^ alike.

    c = (lr, eps_in, eps, 1 - b1, 1 - b2, 1 / (1 - b1^t), 1 / (1 - b2^t))
    source: Kingma and Ba 2015, L0, L3 (erratum E11)
    """
    m = m + c[3] * (g - m)
    v = v + c[4] * (g * g - v)
    return w - c[0] * (c[5] * m) / (np.sqrt(c[6] * v + c[1]) + c[2]), m, v, z


def adamax(w, g, m, v, z, c):
    """m <- running mean of g;  v <- max(b2 v, |g|);  w <- w - lr m / v, 0 where v = 0.

    c = (lr / (1 - b1^t), 1 - b1, b2, the least v); source: Kingma and Ba 2015, L3
    """
    m = m + c[1] * (g - m)
    v = np.maximum(c[2] * v, np.abs(g))
    return w - c[0] * m / np.maximum(v, c[3]), m, v, z


def nadam(w, g, m, v, z, c):
    """m, v <- running means of g, g^2;  w <- w - lr (a m + b g) / (sqrt(v^) + eps).

    c = (lr, eps, 1 - mu_t, 1 - b2, a, b, 1 / (1 - b2^t)); source: Dozat 2016, L3
    """
    m = m + c[2] * (g - m)
    v = v + c[3] * (g * g - v)
    return w - c[0] * (c[4] * m + c[5] * g) / (np.sqrt(c[6] * v) + c[1]), m, v, z


def eve(w, g, m, v, z, c):
    """Adam with its root times d, which follows the loss.

    c = (lr, eps, 1 - b1, 1 - b2, 1 / (1 - b1^t), 1 / (1 - b2^t), d); source: Koushik and Hayashi 2016, L3
    """
    m = m + c[2] * (g - m)
    v = v + c[3] * (g * g - v)
    return w - c[0] * (c[4] * m) / (c[6] * np.sqrt(c[5] * v) + c[1]), m, v, z
