"""Functions of vectors beyond sums and multiply-adds: quotient, root, and a choice in each lane."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from dlab.kernels.lanes import I32, VECTOR, repeated, vector
from dlab.layout import LANES

INTEGERS = ir.VectorType(I32, LANES)


@intrinsic
def divide(typingctx, a, b):
    """a / b in each lane."""
    return vector(a, b), lambda context, builder, signature, args: builder.fdiv(*args)


def _llvm(name):
    """Code that calls LLVM's own function of one vector."""

    def generate(context, builder, signature, args):
        kind = ir.FunctionType(VECTOR, [VECTOR])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v16f32"), args)

    return generate


@intrinsic
def root(typingctx, a):
    """The square root of each lane, rounded once."""
    return vector(a), _llvm("sqrt")


@intrinsic
def floor(typingctx, a):
    """The largest whole number that is not above each lane."""
    return vector(a), _llvm("floor")


@intrinsic
def integers(typingctx, number):
    """A 32-bit integer in all lanes, carried as bits: `store` puts it into an array of int32, `load` brings it back."""

    def generate(context, builder, signature, args):
        value = context.cast(builder, args[0], signature.args[0], types.int32)
        return builder.bitcast(repeated(builder, value, I32), VECTOR)

    return vector(number), generate


@intrinsic
def where_greater(typingctx, a, b, yes, no):
    """yes in the lanes where a > b, no elsewhere."""

    def generate(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[2], args[3])

    return vector(a, b, yes, no), generate


@intrinsic
def keep_equal(typingctx, value, a, b):
    """value in the lanes where the integers a and b are equal, 0 elsewhere."""

    def generate(context, builder, signature, args):
        equal = builder.icmp_signed("==", *(builder.bitcast(arg, INTEGERS) for arg in args[1:]))
        return builder.select(equal, args[0], ir.Constant(VECTOR, [0.0] * LANES))

    return vector(value, a, b), generate
