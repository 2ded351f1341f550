"""The largest of some vectors, lane by lane, and where it stood."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dlab.kernels.lanes import BYTES, I8, VECTOR, _address, repeated, vector
from dlab.layout import LANES


def _first_maximum(builder, values):
    """Largest of the values and the position of the first that reaches it, lane by lane."""
    best, place = values[0], ir.Constant(BYTES, [0] * LANES)
    for position, value in enumerate(values[1:], start=1):
        larger = builder.fcmp_ordered(">", value, best)
        best = builder.select(larger, value, best)
        place = builder.select(larger, ir.Constant(BYTES, [position] * LANES), place)
    return best, place


@intrinsic
def max4(typingctx, a, b, c, d):
    """The largest of four values in each lane."""
    return vector(a, b, c, d), lambda context, builder, signature, args: _first_maximum(builder, args)[0]


@intrinsic
def store_argmax4(typingctx, array, index, a, b, c, d):
    """array[index] = 0..3, the first of a, b, c, d that is the largest, a byte a lane."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        place = _first_maximum(builder, args[2:])[1]
        builder.store(place, builder.bitcast(address, BYTES.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(array, index, a, b, c, d), generate


@intrinsic
def keep_where(typingctx, value, array, index, wanted):
    """value in the lanes where the bytes at array[index] equal `wanted`, 0 elsewhere."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[1], args[1], signature.args[2], args[2])
        codes = builder.load(builder.bitcast(address, BYTES.as_pointer()), align=1)
        number = context.cast(builder, args[3], signature.args[3], types.int8)
        chosen = builder.icmp_unsigned("==", codes, repeated(builder, number, I8))
        return builder.select(chosen, args[0], ir.Constant(VECTOR, [0.0] * LANES))

    return vector(value, array, index, wanted), generate


@intrinsic
def pick(typingctx, without, with_, array, index, bit):
    """In each lane `with_` if its byte at array[index] has this bit, `without` elsewhere."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[2], args[2], signature.args[3], args[3])
        codes = builder.load(builder.bitcast(address, BYTES.as_pointer()), align=1)
        number = repeated(builder, context.cast(builder, args[4], signature.args[4], types.int8), I8)
        chosen = builder.icmp_unsigned("!=", builder.and_(codes, number), ir.Constant(BYTES, [0] * LANES))
        return builder.select(chosen, args[1], args[0])

    return vector(without, with_, array, index, bit), generate
