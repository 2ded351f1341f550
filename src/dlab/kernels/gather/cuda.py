"""Batches gathered on a GPU from the resident data set into lanes."""

from collections.abc import Callable

import numpy as np

from dlab.kernels.gpu import WARP, Launch, factory, strides
from dlab.kernels.gpu.fields import place
from dlab.kernels.gpu.language import cuda
from dlab.kernels.memory import as_images
from dlab.kernels.tiles import covers
from dlab.layout import volume

Call = Callable[[], object]
U = np.uint32
ROWS, THREADS = 8, 256
SQUARE = WARP, WARP + 1  # a number more in each row: a column then lies in different banks
ZERO = np.float32(0)


@factory
def _pack(size, data_steps, x_steps):
    """x[e, n] = data[rows[n], e] * scale + shift, a block for each 32 lanes of 32 numbers e.

    It reads along the numbers of a sample and writes along the samples; between, the square is turned.
    """
    count = volume(size)
    sample_step, number_step = data_steps

    @cuda.jit
    def pack(data, rows, x, samples, scale, shift):
        square = cuda.shared.array(SQUARE, np.float32)
        t, row = U(cuda.threadIdx.x), U(cuda.threadIdx.y)
        first, lane = U(cuda.blockIdx.x) * WARP, U(cuda.blockIdx.y) * WARP
        for i in range(WARP // ROWS):
            n, value = row + i * ROWS, ZERO
            if lane + n < samples and first + t < count:
                value = np.float32(data[rows[lane + n] * sample_step + (first + t) * number_step]) * scale + shift
            square[n, t] = value
        cuda.syncthreads()
        for i in range(WARP // ROWS):
            e = row + i * ROWS
            if first + e < count:
                x[place(first + e, size, x_steps, lane + t)] = square[t, e]

    return pack


@factory
def _take(width, source_step):
    """out[n, k] = source[rows[n], k], one thread for each number."""

    @cuda.jit
    def take(source, rows, out, samples):
        at = U(cuda.blockIdx.x) * THREADS + U(cuda.threadIdx.x)
        if at < samples * width:
            out[at] = source[rows[at // width] * source_step + at % width]

    return take


def pack(data, rows, x, scale, shift) -> Call:
    """x [1, C, H, W, N] or [1, I, N] = the samples `rows` of data [M, features], normalised; other lanes zero."""
    image = as_images(x)
    size, lanes = image.shape[1:4], image.shape[4]
    kernel, grid = _pack(size, strides(data), strides(image)[1:4]), (covers(volume(size), WARP), lanes // WARP)
    return Launch(kernel, grid, (WARP, ROWS), data, rows, image, U(len(rows)), np.float32(scale), np.float32(shift))


def take(source, rows, out) -> Call:
    """out[n] = source[rows[n]]: the labels or targets of a batch."""
    kernel, grid = _take(volume(source.shape[1:]), strides(source)[0]), (covers(out.size, THREADS),)
    return Launch(kernel, grid, (THREADS,), source, rows, out, U(len(rows)))
