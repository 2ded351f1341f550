"""Winograd's short convolution: a row of outputs from six products, where its definition has more of them.

    y = A' [ (G w) * (B' x) ]     x six pixels, w taps, y outputs, * element by element

With 3 taps there are 6 + 1 - 3 = 4 outputs, for 12 products; with 5 taps there are 2, for 10.  Each polynomial is taken
at the points 0, 1, -1, 2, -2 and infinity, where multiplying them is six multiplications; A' and B' only add and scale
by small whole numbers, and are spent once for all filters and channels.  So a 3x3 convolution needs half of the
multiply-adds of its definition, and one of 5x5 needs 0.6 of them.  Rounding errors double: 4e-7 of the norm in
float32, where the definition has 2e-7.

source: S. Winograd, Arithmetic Complexity of Computations (1980); A. Lavin and S. Gray, Fast Algorithms for
Convolutional Neural Networks (2016)
"""

import numpy as np
from numba import njit

from dlab.kernels.lanes import add, scaled, subtract
from dlab.kernels.registers import get, put

POINTS = 6
TAPS = (3, 5)  # the widths of kernels for which it pays
AT = tuple(np.float32(point) for point in (0, 1, -1, 2, -2))
SCALES = tuple(np.float32(1 / divisor) for divisor in (4, -6, -6, 24, 24))  # which B' lacks


def outputs_of(taps: int) -> int:
    """How many outputs the six products make."""
    return POINTS + 1 - taps


def weight_transform(taps: int) -> np.ndarray:
    """G [POINTS, taps]: the taps' polynomial at each point."""
    finite = [[scale * point**q for q in range(taps)] for scale, point in zip(SCALES, AT, strict=True)]
    return np.array([*finite, [0.0] * (taps - 1) + [1.0]], np.float32)


@njit(inline="always")
def see(v, d):
    """v = B' d: six neighbouring pixels at the six points."""
    a, b = scaled(get(d, 2), -4, get(d, 4)), scaled(get(d, 1), -4, get(d, 3))
    c, e = subtract(get(d, 4), get(d, 2)), subtract(get(d, 3), get(d, 1))
    put(v, 0, scaled(get(d, 0), 4, scaled(get(d, 2), -5, get(d, 4))))
    put(v, 1, add(a, b))
    put(v, 2, subtract(a, b))
    put(v, 3, scaled(e, 2, c))
    put(v, 4, scaled(e, -2, c))
    put(v, 5, scaled(get(d, 1), 4, scaled(get(d, 3), -5, get(d, 5))))


@njit(inline="always")
def answer(y, first, m, outputs):
    """y[first:] = A' m: two or four outputs from their six products."""
    a, b = add(get(m, 1), get(m, 2)), subtract(get(m, 1), get(m, 2))
    c, e = add(get(m, 3), get(m, 4)), subtract(get(m, 3), get(m, 4))
    put(y, first, add(get(m, 0), add(a, c)))
    if outputs == 2:
        put(y, first + 1, add(scaled(e, 2, b), get(m, 5)))
    else:
        put(y, first + 1, scaled(e, 2, b))
        put(y, first + 2, scaled(c, 4, a))
        put(y, first + 3, add(scaled(e, 8, b), get(m, 5)))


@njit(inline="always")
def ask(e, d, outputs):
    """e = A d: the gradients of two or four outputs at the six points."""
    if outputs == 2:
        even, odd, far, wide = get(d, 0), get(d, 1), get(d, 0), get(d, 1)
    else:
        even, odd = add(get(d, 0), get(d, 2)), add(get(d, 1), get(d, 3))
        far, wide = scaled(get(d, 2), 4, get(d, 0)), scaled(get(d, 3), 4, get(d, 1))
    put(e, 0, get(d, 0))
    put(e, 1, add(even, odd))
    put(e, 2, subtract(even, odd))
    put(e, 3, scaled(wide, 2, far))
    put(e, 4, scaled(wide, -2, far))
    put(e, 5, get(d, outputs - 1))
