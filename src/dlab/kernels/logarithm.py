"""log in all lanes: our own, so that every processor and library gives the same bits.

log(x) = e ln 2 + log(m), x = 2^e m, sqrt(1/2) <= m < sqrt(2);  log(m) = 2 artanh(z), z = (m - 1) / (m + 1)
"""

import numpy as np
from llvmlite import ir
from numba import njit
from numba.extending import intrinsic

from dlab.kernels.elementwise import INTEGERS, divide
from dlab.kernels.exponential import LN2_HIGH, LN2_LOW
from dlab.kernels.lanes import VECTOR, add, fma, multiply, splat, subtract, vector
from dlab.layout import LANES

# Taylor series of (artanh(z) - z) / z^3 in z^2; |z| <= 0.172, so what is left out is below 1e-9 of z.
SERIES = tuple(np.float32(1 / f) for f in (9, 7, 5, 3))
ROOT_OF_HALF = int(np.float32(np.sqrt(0.5)).view(np.int32))
ONE = np.float32(1)


@intrinsic
def exponent(typingctx, x):
    """The whole number e with x = 2^e m and sqrt(1/2) <= m < sqrt(2), for normal x above 0."""

    def generate(context, builder, signature, args):
        above = builder.sub(builder.bitcast(args[0], INTEGERS), ir.Constant(INTEGERS, [ROOT_OF_HALF] * LANES))
        return builder.sitofp(builder.ashr(above, ir.Constant(INTEGERS, [23] * LANES)), VECTOR)

    return vector(x), generate


@intrinsic
def mantissa(typingctx, x, e):
    """x / 2^e: e is taken from its exponent's field."""

    def generate(context, builder, signature, args):
        shifted = builder.shl(builder.fptosi(args[1], INTEGERS), ir.Constant(INTEGERS, [23] * LANES))
        return builder.bitcast(builder.sub(builder.bitcast(args[0], INTEGERS), shifted), VECTOR)

    return vector(x, e), generate


@njit(inline="always")
def log(x):
    """The natural logarithm of normal numbers above 0."""
    e = exponent(x)
    m = mantissa(x, e)
    z = divide(subtract(m, splat(ONE)), add(m, splat(ONE)))
    square, series = multiply(z, z), splat(SERIES[0])
    for coefficient in SERIES[1:]:
        series = fma(series, square, splat(coefficient))
    double = add(z, z)
    rest = fma(multiply(double, square), series, double)
    return fma(e, splat(LN2_HIGH), fma(e, splat(LN2_LOW), rest))
