"""Arrays for the kernel tests."""

import numpy as np


def numbers(*shape, seed=0):
    """Normal numbers that depend on the seed and the shape only."""
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def poison(*shape, dtype=float):
    """An output before its kernel has run: NaN, or 99 in integers."""
    return np.full(shape, np.nan if dtype is float else 99, dtype)


def image(rows):
    """One image of one channel."""
    return np.array(rows, float)[None, None]


def margin(x, pad, fill=0.0):
    """x inside `pad` rows and columns of `fill`."""
    wide = np.full((*x.shape[:2], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad), fill)
    wide[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]] = x
    return wide


def check_close(found, wanted, tolerance=1e-12):
    """Equal shapes, and values within an absolute and relative tolerance."""
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
