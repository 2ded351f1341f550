"""Dropout on lane blocks: the mask is computed, never stored, so the backward pass makes it again."""

from collections.abc import Callable

import numpy as np
from numba import njit, types

from dlab.kernels.calls import Bound
from dlab.kernels.jit import array, factory, floats, kernel
from dlab.kernels.memory import as_images
from dlab.kernels.tasks import tasks

Call = Callable[[], object]
MATRIX = types.Array(types.float32, 2, "C")
U = np.uint32


@njit(inline="always")
def finish(h):
    """The last mixing steps of a 32-bit hash."""
    h = U((h ^ (h >> U(16))) * U(0x7FEB352D))
    h = U((h ^ (h >> U(15))) * U(0x846CA68B))
    return h ^ (h >> U(16))


@factory
def _apply():
    """y = scale x where the hash of (key, sample, element) is at least `limit`, else 0."""

    @kernel(floats(5), floats(5), array(types.uint32, 1), types.uint32, types.float32, writes="y")
    def apply(worker, x, y, key, limit, scale):
        C, H, W = x.shape[1:4]
        for task in tasks(worker, x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    element = U(U((c * H + i) * W + j) * U(0x85EBCA6B))
                    for lane in range(16):
                        sample = U(U(n * 16 + lane) * U(0x9E3779B9))
                        kept = finish(finish(key[0] ^ sample) ^ element) >= limit
                        y[n, c, i, j, lane] = x[n, c, i, j, lane] * scale if kept else np.float32(0)

    return apply


@factory
def _drop_weights():
    """kept = w where the hash of (key, output, input) is at least `limit`, else 0; one task per output."""

    @kernel(MATRIX, MATRIX, array(types.uint32, 1), types.uint32, writes="kept")
    def drop_weights(worker, w, kept, key, limit):
        for o in tasks(worker, w.shape[0]):
            row = finish(key[0] ^ U(U(o) * U(0x9E3779B9)))
            for i in range(w.shape[1]):
                stays = finish(row ^ U(U(i) * U(0x85EBCA6B))) >= limit
                kept[o, i] = w[o, i] if stays else np.float32(0)

    return drop_weights


@factory
def _scale_by():
    """y = factor x."""

    @kernel(floats(5), floats(5), types.float32, writes="y")
    def scale(worker, x, y, factor):
        C, H, W = x.shape[1:4]
        for task in tasks(worker, x.shape[0] * C):
            n, c = task // C, task % C
            for i in range(H):
                for j in range(W):
                    for lane in range(16):
                        y[n, c, i, j, lane] = x[n, c, i, j, lane] * factor

    return scale


def _limit(ratio: float) -> int:
    """Hash values below this drop."""
    return int(np.ceil(ratio * 2.0**32))


def apply(x, y, key, ratio, scale) -> Call:
    """y = scale x where kept, else 0; the same call on dy is the backward pass."""
    run, source, target, limit = _apply(), as_images(x), as_images(y), _limit(ratio)
    return Bound(run, source, target, key, limit, scale)


def drop_weights(w, kept, key, ratio) -> Call:
    """kept = w where kept, else 0; the same call on the gradient of the kept weights is the backward pass."""
    run, limit = _drop_weights(), _limit(ratio)
    return Bound(run, w, kept, key, limit)


def scale_by(x, y, factor) -> Call:
    """y = factor x."""
    run, source, target = _scale_by(), as_images(x), as_images(y)
    return Bound(run, source, target, factor)
