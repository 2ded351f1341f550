"""What the kernels of both normalisations do at one place: one vector of sixteen samples."""

from numba import njit

from dlab.kernels.lanes import fma, leak, load, multiply, subtract


@njit(inline="always")
def score(x, at, mean, rate):
    """xh = (x - mean) rate."""
    return multiply(subtract(load(x, at), mean), rate)


@njit(inline="always")
def error_of(dy, at, xh, gamma, beta, slope):
    """The gradient of u from that of y: on which side of 0 the rectifier found u is worked out again."""
    return leak(load(dy, at), fma(gamma, xh, beta), slope)
