"""Dropout with Python's own integers."""

import numpy as np


def _finish(h):
    h ^= h >> 16
    h = h * 0x7FEB352D % 2**32
    h ^= h >> 15
    h = h * 0x846CA68B % 2**32
    return h ^ h >> 16


def mix(key, n, e):
    return _finish(_finish(key ^ n * 0x9E3779B9 % 2**32) ^ e * 0x85EBCA6B % 2**32)


def apply(x, key, ratio, scale):
    y = np.zeros(x.shape)
    for n in range(len(x)):
        for e, index in enumerate(np.ndindex(x.shape[1:])):
            if mix(key, n, e) >= ratio * 2**32:
                y[n, *index] = scale * x[n, *index]
    return y


def drop_weights(w, key, ratio):
    kept = np.zeros(w.shape)
    for o, i in np.ndindex(w.shape):
        if mix(key, o, i) >= ratio * 2**32:
            kept[o, i] = w[o, i]
    return kept
