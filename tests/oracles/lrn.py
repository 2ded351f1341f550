"""Local response normalisation as the paper prints it (Krizhevsky et al. 2012, section 3.3), one number at a time."""

import numpy as np


def forward(x, n, k, alpha, beta):
    y, channels = np.zeros(x.shape), x.shape[1]
    for sample, c, i, j in np.ndindex(x.shape):
        first, last = max(0, c - n // 2), min(channels - 1, c + n // 2)
        squares = sum(x[sample, d, i, j] ** 2 for d in range(first, last + 1))
        y[sample, c, i, j] = x[sample, c, i, j] / (k + alpha * squares) ** beta
    return y
