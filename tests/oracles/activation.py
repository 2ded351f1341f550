"""Activations and their derivatives, one number at a time, from u."""

import math

import numpy as np


def value(kind, u, slope):
    if kind == "rectify":
        return u if u > 0 else slope * u
    if kind == "sigmoid":
        return 1 / (1 + math.exp(-u))
    if kind == "tanh":
        return math.tanh(u)
    return 1.0 if u > 0 else 0.0


def derivative(kind, u, slope):
    if kind == "rectify":
        return 1.0 if u > 0 else slope
    if kind == "sigmoid":
        return math.exp(-u) / (1 + math.exp(-u)) ** 2
    if kind == "tanh":
        return 1 / math.cosh(u) ** 2
    return 0.0


def elementwise(function, kind, u, slope):
    """`value` or `derivative` of every entry of u."""
    found = np.empty(u.shape)
    for index in np.ndindex(u.shape):
        found[index] = function(kind, float(u[index]), slope)
    return found
