"""Cross-correlation with stride and zero padding; x is given without its padding.

Filters with fewer channels than x see those of their group: there are as many groups of filters as of channels.
"""

from itertools import product

import numpy as np


def _places(x_shape, w_shape, stride, pad):
    """Every (output, weight, pixel) that meet: the indices (n, k, i, j) of y, (k, c, p, q) of w, (n, d, h, v) of x."""
    samples, channels, height, width = x_shape
    filters, depth, fh, fw = w_shape
    groups = channels // depth
    rows = (height + 2 * pad - fh) // stride + 1
    columns = (width + 2 * pad - fw) // stride + 1
    for n, k, i, j, c, p, q in product(*map(range, (samples, filters, rows, columns, depth, fh, fw))):
        h, v = i * stride + p - pad, j * stride + q - pad
        if 0 <= h < height and 0 <= v < width:
            group = k // (filters // groups)
            yield (n, k, i, j), (k, c, p, q), (n, group * depth + c, h, v)


def forward(x, w, b, stride, pad):
    n, _, height, width = x.shape
    k, _, fh, fw = w.shape
    y = np.zeros((n, k, (height + 2 * pad - fh) // stride + 1, (width + 2 * pad - fw) // stride + 1))
    for index in np.ndindex(y.shape):
        y[index] = b[index[1]]
    for output, weight, pixel in _places(x.shape, w.shape, stride, pad):
        y[output] += w[weight] * x[pixel]
    return y


def data_gradient(dy, w, x_shape, stride, pad):
    dx = np.zeros(x_shape)
    for output, weight, pixel in _places(x_shape, w.shape, stride, pad):
        dx[pixel] += w[weight] * dy[output]
    return dx


def weight_gradient(x, dy, w_shape, stride, pad):
    dw, db = np.zeros(w_shape), np.zeros(w_shape[0])
    for output, weight, pixel in _places(x.shape, w_shape, stride, pad):
        dw[weight] += dy[output] * x[pixel]
    for n, k, i, j in np.ndindex(dy.shape):
        db[k] += dy[n, k, i, j]
    return dw, db
