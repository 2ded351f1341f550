"""Dropout as the page states it."""

import numpy as np

from dlab.kernels.reference import bound


def _finish(h):
    h = (h ^ (h >> 16)) * 0x7FEB352D
    h = (h ^ (h >> 15)) * 0x846CA68B
    return h ^ (h >> 16)


def mix(key, n, e):
    """Hash a key, a sample and an element: finish(finish(key ^ n 0x9E3779B9) ^ e 0x85EBCA6B), modulo 2^32.

    shapes: uint32 arrays (not single numbers, whose products NumPy does not wrap silently) that broadcast
    """
    return _finish(_finish(key ^ (n * 0x9E3779B9)) ^ (e * 0x85EBCA6B))


@bound
def apply(x, y, key, ratio, scale):
    """Drop each number with probability `ratio`, scale the others: y = scale x where mix >= ratio 2^32, else 0.

    shapes: x -> y [N, ...]; key [1], uint32
    """
    n = np.arange(len(x), dtype=np.uint32).reshape(-1, *[1] * (x.ndim - 1))
    e = np.arange(x[0].size, dtype=np.uint32).reshape(x.shape[1:])
    y[...] = np.where(mix(key[0], n, e) >= ratio * 2.0**32, scale * x, 0.0)


@bound
def drop_weights(w, kept, key, ratio):
    """Drop each weight with probability `ratio`: kept = w where mix(key, o, i) >= ratio 2^32, else 0.

    shapes: w -> kept [O, I]; key [1], uint32
    """
    apply(w, kept, key, ratio, 1.0)()


@bound
def scale_by(x, y, factor):
    """Stand in for the mean over all masks at inference: y = factor x; shapes: x -> y, any and alike."""
    y[...] = factor * x
