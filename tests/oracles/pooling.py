"""Max, average and L2 pooling with windows of (rows, columns), and maxout.

Padding is outside the image: skipped by a maximum, zero in a mean.
"""

import math

import numpy as np


def _output(x_shape, kernel, stride, pad):
    n, c, height, width = x_shape
    rows, columns = (height + 2 * pad - kernel[0]) // stride[0] + 1, (width + 2 * pad - kernel[1]) // stride[1] + 1
    return n, c, rows, columns


def _window(i, j, x_shape, kernel, stride, pad):
    """The real pixels (h, v) of window (i, j), row by row, with their place (p, q) in it."""
    for p, q in np.ndindex(*kernel):
        h, v = i * stride[0] + p - pad, j * stride[1] + q - pad
        if 0 <= h < x_shape[2] and 0 <= v < x_shape[3]:
            yield h, v, p, q


def max_forward(x, kernel, stride, pad):
    y = np.full(_output(x.shape, kernel, stride, pad), -np.inf)
    code = np.full(y.shape, -1, np.int32)
    for n, c, i, j in np.ndindex(y.shape):
        for h, v, p, q in _window(i, j, x.shape, kernel, stride, pad):
            if x[n, c, h, v] > y[n, c, i, j]:
                y[n, c, i, j] = x[n, c, h, v]
                code[n, c, i, j] = p * kernel[1] + q
    return y, code


def max_backward(dy, code, x_shape, kernel, stride, pad):
    dx = np.zeros(x_shape)
    for n, c, i, j in np.ndindex(dy.shape):
        p, q = divmod(int(code[n, c, i, j]), kernel[1])
        dx[n, c, i * stride[0] + p - pad, j * stride[1] + q - pad] += dy[n, c, i, j]
    return dx


def average_forward(x, kernel, stride, pad):
    y = np.zeros(_output(x.shape, kernel, stride, pad))
    for n, c, i, j in np.ndindex(y.shape):
        for h, v, _, _ in _window(i, j, x.shape, kernel, stride, pad):
            y[n, c, i, j] += x[n, c, h, v] / (kernel[0] * kernel[1])
    return y


def average_backward(dy, x_shape, kernel, stride, pad):
    dx = np.zeros(x_shape)
    for n, c, i, j in np.ndindex(dy.shape):
        for h, v, _, _ in _window(i, j, x_shape, kernel, stride, pad):
            dx[n, c, h, v] += dy[n, c, i, j] / (kernel[0] * kernel[1])
    return dx


def l2_forward(x, kernel, stride, pad):
    y = np.zeros(_output(x.shape, kernel, stride, pad))
    for n, c, i, j in np.ndindex(y.shape):
        pixels = [x[n, c, h, v] for h, v, _, _ in _window(i, j, x.shape, kernel, stride, pad)]
        y[n, c, i, j] = math.hypot(*pixels)
    return y


def l2_backward(dy, x, y, kernel, stride, pad):
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dy.shape):
        for h, v, _, _ in _window(i, j, x.shape, kernel, stride, pad):
            dx[n, c, h, v] += dy[n, c, i, j] * x[n, c, h, v] / y[n, c, i, j] if y[n, c, i, j] else 0.0
    return dx


def maxout(x, dy, k):
    """(y, dx): the largest of every k neighbouring channels, whose first holder gets the error."""
    y, dx = np.zeros((len(x), x.shape[1] // k, *x.shape[2:])), np.zeros(x.shape)
    for n, c, *at in np.ndindex(y.shape):
        group = [float(x[n, c * k + m, *at]) for m in range(k)]
        y[n, c, *at] = max(group)
        dx[n, c * k + group.index(max(group)), *at] = dy[n, c, *at]
    return y, dx


def unpool(dy, y, code, u_shape, slope):
    du = np.zeros(u_shape)
    for n, c, i, j in np.ndindex(dy.shape):
        di, dj = divmod(int(code[n, c, i, j]), 2)
        du[n, c, 2 * i + di, 2 * j + dj] = dy[n, c, i, j] * (1.0 if y[n, c, i, j] > 0 else slope)
    return du
