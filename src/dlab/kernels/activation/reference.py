"""Activations as the page states them."""

import numpy as np

from dlab.kernels.reference import bound


def _sigmoid(u):
    tail = np.exp(-np.abs(u))
    return np.where(u >= 0, 1.0, tail) / (1.0 + tail)


_VALUE = {
    "rectify": lambda u, slope: np.where(u > 0, u, slope * u),
    "sigmoid": lambda u, slope: _sigmoid(u),
    "tanh": lambda u, slope: np.tanh(u),
    "step": lambda u, slope: np.where(u > 0, 1.0, 0.0),
}

_DERIVATIVE = {
    "rectify": lambda y, slope: np.where(y > 0, 1.0, slope),
    "sigmoid": lambda y, slope: y * (1.0 - y),
    "tanh": lambda y, slope: 1.0 - y * y,
    "step": lambda y, slope: 0.0,
}


@bound
def forward(kind, x, y, slope=0.0):
    """Apply the function to each number: y = f(x); shapes: x -> y, any and alike."""
    y[...] = _VALUE[kind](x, slope)


@bound
def backward(kind, dy, y, dx, slope=0.0):
    """Multiply the error by the derivative at each number: dx = dy f', with f' from y; shapes: dy, y -> dx, alike."""
    dx[...] = dy * _DERIVATIVE[kind](y, slope)
