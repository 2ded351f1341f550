"""Kernels that do one thing alone: copy, multiply and add, or nothing at all."""

import numpy as np

from dlab.kernels.gpu import Launch, factory
from dlab.kernels.gpu.language import cuda

U = np.uint32
THREADS, EACH = 256, 8
BLOCK = THREADS * EACH
CHAINS, UNROLLED, TURNS = 8, 8, 256
FLOPS = 2 * CHAINS * UNROLLED * TURNS * THREADS  # of a block that multiplies and adds
ARRAYS = 8


@factory
def _copy():
    """target = source, whole blocks; first all loads of a thread."""

    @cuda.jit
    def copy(source, target):
        kept = cuda.local.array(EACH, np.float32)
        first = U(cuda.blockIdx.x) * BLOCK + U(cuda.threadIdx.x)
        for e in range(EACH):
            kept[e] = source[first + e * THREADS]
        for e in range(EACH):
            target[first + e * THREADS] = kept[e]

    return copy


@factory
def _multiply_add(turns):
    """Chains a <- a x + b in registers; each has a start of its own, so that none is computed for another."""

    @cuda.jit
    def multiply_add(out, x, b):
        a = cuda.local.array(CHAINS, np.float32)
        thread = U(cuda.blockIdx.x) * THREADS + U(cuda.threadIdx.x)
        for k in range(CHAINS):
            a[k] = np.float32(thread + k)
        for _ in range(turns):
            for _ in range(UNROLLED):
                for k in range(CHAINS):
                    a[k] = a[k] * x + b
        whole = a[0]
        for k in range(1, CHAINS):
            whole += a[k]
        out[thread] = whole

    return multiply_add


@factory
def _nothing():
    @cuda.jit
    def nothing():
        pass

    return nothing


@factory
def _little():
    """Nothing, with as many arrays as a layer's kernel has."""

    @cuda.jit
    def little(a, b, c, d, e, f, g, h):
        pass

    return little


def copy(source: np.ndarray, target: np.ndarray) -> Launch:
    """Copy a whole number of blocks."""
    return Launch(_copy(), (source.size // BLOCK,), (THREADS,), source, target)


def multiply_add(out: np.ndarray) -> Launch:
    """FLOPS for each block of `out`."""
    return Launch(_multiply_add(TURNS), (out.size // THREADS,), (THREADS,), out, np.float32(0.999), np.float32(0.001))


def nothing() -> Launch:
    """A launch without arguments."""
    return Launch(_nothing(), (1,), (32,))


def little(array: np.ndarray) -> Launch:
    """A launch of ARRAYS arrays."""
    return Launch(_little(), (1,), (32,), *[array] * ARRAYS)
