"""Batch and layer normalisation as the page states them."""

import numpy as np

from dlab.kernels.reference import bound


def _axes(x):
    """All axes but the channel's: over these a batch is summed."""
    return (0, *range(2, x.ndim))


def _per_channel(x, *numbers):
    """Arrays [C], to be used with x [N, C, ...]."""
    return [number.reshape(-1, *[1] * (x.ndim - 2)) for number in numbers]


def _per_sample(x, *numbers):
    """Arrays [N], to be used with x [N, ...]."""
    return [number.reshape(-1, *[1] * (x.ndim - 1)) for number in numbers]


def _rectified(u, slope):
    return np.where(u > 0, u, slope * u)


def _before_rectifier(dy, u, slope):
    return np.where(u > 0, dy, slope * dy)


@bound
def batch_forward(x, gamma, beta, y, moments, running, momentum, eps, slope=1.0, samples=None):
    """Normalise each channel over the batch: y = rectify(gamma xh + beta), running <- m running + (1 - m) batch.

    shapes: x [N, C, ...], gamma, beta [C] -> y as x, moments 2 x [C]; running 2 x [C] is changed
    """
    mean, variance = x[:samples].mean(_axes(x)), x[:samples].var(_axes(x))
    moments[0][...], moments[1][...] = mean, 1 / np.sqrt(variance + eps)
    for old, new in zip(running, (mean, variance), strict=True):
        old[...] = momentum * old + (1 - momentum) * new
    m, r, g, b = _per_channel(x, *moments, gamma, beta)
    y[...] = _rectified((x - m) * r * g + b, slope)
    y[len(x) if samples is None else samples :] = 0.0


@bound
def batch_inference(x, gamma, beta, y, running, eps, slope=1.0):
    """Normalise each channel with the running statistics: y = rectify(gamma (x - mean) / sqrt(variance + eps) + beta).

    shapes: x [N, C, ...], gamma, beta, running 2 x [C] -> y as x
    """
    m, v, g, b = _per_channel(x, *running, gamma, beta)
    y[...] = _rectified((x - m) / np.sqrt(v + eps) * g + b, slope)


@bound
def batch_backward(x, dy, gamma, beta, moments, dx, dgamma, dbeta, slope=1.0, samples=None):
    """Through the statistics too: dx = gamma r (du - mean du - xh mean(du xh)), dgamma = sum du xh, dbeta = sum du.

    shapes: x, dy [N, C, ...], gamma, beta [C], moments 2 x [C] -> dx as x, dgamma, dbeta [C]
    """
    (m, r, g, b), axes = _per_channel(x, *moments, gamma, beta), _axes(x)
    xh = ((x - m) * r)[:samples]
    du = _before_rectifier(dy[:samples], g * xh + b, slope)
    dgamma[...], dbeta[...] = (du * xh).sum(axes), du.sum(axes)
    pull, level = _per_channel(x, dgamma / du[:, 0].size, dbeta / du[:, 0].size)
    dx[: len(du)] = g * r * (du - level - xh * pull)
    dx[len(du) :] = 0.0


@bound
def layer_forward(x, gamma, beta, y, moments, eps, slope=1.0):
    """Normalise each sample over its own numbers: y = rectify(gamma xh + beta).

    shapes: x [N, ...], gamma, beta [...] -> y as x, moments 2 x [N]
    """
    own = tuple(range(1, x.ndim))
    moments[0][...], moments[1][...] = x.mean(own), 1 / np.sqrt(x.var(own) + eps)
    m, r = _per_sample(x, *moments)
    y[...] = _rectified((x - m) * r * gamma + beta, slope)


@bound
def layer_backward(x, dy, gamma, beta, moments, dx, dgamma, dbeta, slope=1.0):
    """Through the statistics too: dx = r (g - mean g - xh mean(g xh)), g = gamma du; dgamma, dbeta sum over samples.

    shapes: x, dy [N, ...], gamma, beta [...], moments 2 x [N] -> dx as x, dgamma, dbeta [...]
    """
    m, r = _per_sample(x, *moments)
    xh, own = (x - m) * r, tuple(range(1, x.ndim))
    du = _before_rectifier(dy, gamma * xh + beta, slope)
    dgamma[...], dbeta[...] = (du * xh).sum(axis=0), du.sum(axis=0)
    g = gamma * du
    dx[...] = r * (g - g.mean(own, keepdims=True) - xh * (g * xh).mean(own, keepdims=True))
