"""Vectors of which only the first lanes count: the last block of a batch, the last numbers of a row."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from dlab.kernels.lanes import I32, VECTOR, _address, repeated, vector
from dlab.layout import LANES


def _first(context, builder, count, kind):
    """True in the first `count` lanes: in none if it is 0 or less, in all if it is 16 or more."""
    room = context.cast(builder, count, kind, types.int32)
    steps = ir.Constant(ir.VectorType(I32, LANES), list(range(LANES)))
    return builder.icmp_signed("<", steps, repeated(builder, room, I32))


@intrinsic
def keep_first(typingctx, value, count):
    """The first `count` lanes of value, 0 in the others, whatever they hold."""

    def generate(context, builder, signature, args):
        mask = _first(context, builder, args[1], signature.args[1])
        return builder.select(mask, args[0], ir.Constant(VECTOR, [0.0] * LANES))

    return vector(value, count), generate


@intrinsic
def store_first(typingctx, array, index, value, count):
    """The first `count` lanes of value, where fewer than 16 numbers are left in a row."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        mask = _first(context, builder, args[3], signature.args[3])
        pointer = builder.bitcast(address, VECTOR.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [VECTOR, pointer.type, I32, mask.type])
        masked = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.store.v16f32.p0v16f32")
        builder.call(masked, [args[2], pointer, ir.Constant(I32, 4), mask])
        return context.get_dummy_value()

    return types.void(array, index, value, count), generate
