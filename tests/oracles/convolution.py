"""Cross-correlation with stride and zero padding; x is given without its padding."""

from itertools import product

import numpy as np


def _places(x_shape, w_shape, stride, pad):
    """Every (n, k, i, j, c, p, q, h, v) where weight (p, q) of output (i, j) meets a real pixel (h, v)."""
    n, c, height, width = x_shape
    k, _, fh, fw = w_shape
    rows = (height + 2 * pad - fh) // stride + 1
    columns = (width + 2 * pad - fw) // stride + 1
    for place in product(*map(range, (n, k, rows, columns, c, fh, fw))):
        _, _, i, j, _, p, q = place
        h, v = i * stride + p - pad, j * stride + q - pad
        if 0 <= h < height and 0 <= v < width:
            yield (*place, h, v)


def forward(x, w, b, stride, pad):
    n, _, height, width = x.shape
    k, _, fh, fw = w.shape
    y = np.zeros((n, k, (height + 2 * pad - fh) // stride + 1, (width + 2 * pad - fw) // stride + 1))
    for index in np.ndindex(y.shape):
        y[index] = b[index[1]]
    for n, k, i, j, c, p, q, h, v in _places(x.shape, w.shape, stride, pad):
        y[n, k, i, j] += w[k, c, p, q] * x[n, c, h, v]
    return y


def data_gradient(dy, w, x_shape, stride, pad):
    dx = np.zeros(x_shape)
    for n, k, i, j, c, p, q, h, v in _places(x_shape, w.shape, stride, pad):
        dx[n, c, h, v] += w[k, c, p, q] * dy[n, k, i, j]
    return dx


def weight_gradient(x, dy, w_shape, stride, pad):
    dw, db = np.zeros(w_shape), np.zeros(w_shape[0])
    for n, k, i, j, c, p, q, h, v in _places(x.shape, w_shape, stride, pad):
        dw[k, c, p, q] += dy[n, k, i, j] * x[n, c, h, v]
    for n, k, i, j in np.ndindex(dy.shape):
        db[k] += dy[n, k, i, j]
    return dw, db
