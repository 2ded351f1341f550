"""Filters of their own at every position, with stride and zero padding; x is given without its padding."""

from itertools import product

import numpy as np


def _places(x_shape, w_shape, stride, pad):
    """Every (output, weight, pixel) that meet: the indices (n, k, i, j), (i, j, c, p, q, k) and (n, c, h, v)."""
    samples, _, height, width = x_shape
    for n, (i, j, c, p, q, k) in product(range(samples), np.ndindex(w_shape)):
        h, v = i * stride + p - pad, j * stride + q - pad
        if 0 <= h < height and 0 <= v < width:
            yield (n, k, i, j), (i, j, c, p, q, k), (n, c, h, v)


def forward(x, w, b, stride, pad):
    rows, columns, *_, filters = w.shape
    y = np.zeros((len(x), filters, rows, columns))
    for n, k, i, j in np.ndindex(y.shape):
        y[n, k, i, j] = b[i, j, k]
    for output, weight, pixel in _places(x.shape, w.shape, stride, pad):
        y[output] += w[weight] * x[pixel]
    return y


def data_gradient(dy, w, x_shape, stride, pad):
    dx = np.zeros(x_shape)
    for output, weight, pixel in _places(x_shape, w.shape, stride, pad):
        dx[pixel] += w[weight] * dy[output]
    return dx


def weight_gradient(x, dy, w_shape, stride, pad):
    dw, db = np.zeros(w_shape), np.zeros((*w_shape[:2], w_shape[5]))
    for output, weight, pixel in _places(x.shape, w_shape, stride, pad):
        dw[weight] += dy[output] * x[pixel]
    for n, k, i, j in np.ndindex(dy.shape):
        db[i, j, k] += dy[n, k, i, j]
    return dw, db
