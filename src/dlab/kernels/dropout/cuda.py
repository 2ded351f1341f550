"""Dropout on a GPU: the masks of the processor, computed where they are needed."""

from collections.abc import Callable

import numpy as np

from dlab.kernels.dropout import cpu
from dlab.kernels.gpu import Launch, factory
from dlab.kernels.gpu.fields import ROWS, over, place
from dlab.kernels.gpu.language import cuda
from dlab.kernels.tiles import covers
from dlab.layout import volume

Call = Callable[[], object]
U = np.uint32
THREADS = 256
ZERO = np.float32(0)
finish = cuda.jit(device=True)(cpu.finish.py_func)


@cuda.jit(device=True)
def stays(key, n, e, limit):
    """Whether the hash of (key, sample or output, element or input) is at least `limit`."""
    return finish(finish(key ^ U(n * U(0x9E3779B9))) ^ U(e * U(0x85EBCA6B))) >= limit


@factory
def _apply(size, x_steps, y_steps):
    """y = scale x where kept, else 0."""
    count = volume(size)

    @cuda.jit
    def apply(x, y, key, limit, scale):
        number = U(cuda.blockIdx.x * ROWS + cuda.threadIdx.y)
        lane = U(cuda.blockIdx.y * 32 + cuda.threadIdx.x)
        if number < count:
            value = scale * x[place(number, size, x_steps, lane)]
            y[place(number, size, y_steps, lane)] = value if stays(key[0], lane, number, limit) else ZERO

    return apply


@factory
def _drop_weights(inputs):
    """kept = w where kept, else 0."""

    @cuda.jit
    def drop_weights(w, kept, key, limit, size):
        at = U(cuda.blockIdx.x * THREADS + cuda.threadIdx.x)
        if at < size:
            kept[at] = w[at] if stays(key[0], U(at // inputs), U(at % inputs), limit) else ZERO

    return drop_weights


@factory
def _scale_by(size, x_steps, y_steps):
    """y = factor x."""
    count = volume(size)

    @cuda.jit
    def scale(x, y, factor):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            y[place(number, size, y_steps, lane)] = factor * x[place(number, size, x_steps, lane)]

    return scale


def _limit(ratio):
    """Hash values below this drop."""
    return U(np.ceil(ratio * 2.0**32))


def apply(x, y, key, ratio, scale) -> Call:
    """y = scale x where kept, else 0; the same call on dy is the backward pass."""
    return over(_apply, [x, y], key, _limit(ratio), np.float32(scale))


def drop_weights(w, kept, key, ratio) -> Call:
    """kept = w where kept, else 0; the same call on the gradient of the kept weights is the backward pass."""
    grid = (covers(w.size, THREADS),)
    return Launch(_drop_weights(w.shape[1]), grid, (THREADS,), w, kept, key, _limit(ratio), U(w.size))


def scale_by(x, y, factor) -> Call:
    """y = factor x."""
    return over(_scale_by, [x, y], np.float32(factor))
