"""exp in all lanes: our own, so that every processor and library gives the same bits.

exp(x) = 2^n exp(r), r = x - n ln 2, |r| <= ln 2 / 2
"""

import numpy as np
from llvmlite import ir
from numba import njit
from numba.extending import intrinsic

from dlab.kernels.elementwise import INTEGERS, floor, where_greater
from dlab.kernels.lanes import VECTOR, add, multiply, splat, subtract, vector
from dlab.layout import LANES

LOG2E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
# Taylor series of (exp(r) - 1 - r) / r^2, rounded to float32; relative error below 2e-7 in all.
SERIES = tuple(np.float32(1 / f) for f in (40320, 5040, 720, 120, 24, 6, 2))
MOST = np.float32(87)  # beyond it exp is no longer a normal float32
HALF = np.float32(0.5)


@intrinsic
def power_of_two(typingctx, n):
    """2^n for whole n from -126 to 127: n + 127 is its exponent's field."""

    def generate(context, builder, signature, args):
        whole = builder.fptosi(args[0], INTEGERS)
        biased = builder.add(whole, ir.Constant(INTEGERS, [127] * LANES))
        return builder.bitcast(builder.shl(biased, ir.Constant(INTEGERS, [23] * LANES)), VECTOR)

    return vector(n), generate


@njit(inline="always")
def power_and_rest(x):
    """(2^n, exp(r) - 1), whose combination gives exp(x) and exp(x) - 1 without cancellation; x limited to +-87."""
    low, high = splat(-MOST), splat(MOST)
    x = where_greater(low, x, low, x)  # both choices keep a nan
    x = where_greater(x, high, high, x)
    n = floor(add(multiply(x, splat(LOG2E)), splat(HALF)))
    r = subtract(subtract(x, multiply(n, splat(LN2_HIGH))), multiply(n, splat(LN2_LOW)))
    series = splat(SERIES[0])
    for coefficient in SERIES[1:]:
        series = add(multiply(series, r), splat(coefficient))
    return power_of_two(n), add(multiply(multiply(series, r), r), r)


@njit(inline="always")
def exp(x):
    """exp(x)."""
    power, rest = power_and_rest(x)
    return add(multiply(power, rest), power)
