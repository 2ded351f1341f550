"""Sixteen samples in one vector register, from Numba.

A *vector* is a value of 16 floats, one lane per sample of the batch.
`load(x, (n, c, i, j))` reads the 16 lanes at x[n, c, i, j]; `broadcast(w, (k, c, p, q))` puts one weight, which all
samples share, in every lane.  Arrays may be strided views as long as their last axis holds 16 adjacent floats.
Every operation rounds once, in IEEE order: no fast-math, hence the same bits everywhere.
"""

from functools import cache

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

from dlab.layout import LANES

F32, I8, I32 = ir.FloatType(), ir.IntType(8), ir.IntType(32)
VECTOR = ir.VectorType(F32, LANES)
BYTES = ir.VectorType(I8, LANES)


@cache
def vector_registers() -> int:
    """How many 16-lane vectors the processor's registers hold: 32 with AVX-512, 8 with AVX2 or NEON."""
    return 32 if binding.get_host_cpu_features().get("avx512f") else 8


class _Vector(types.Type):
    def __init__(self) -> None:
        super().__init__("f32x16")


vector = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, VECTOR)


def _address(context, builder, array_type, array, index_type, index):
    """Pointer to array[index]; axes left out at the end count as 0.  LLVM hoists the arithmetic out of the loops."""
    view = context.make_array(array_type)(context, builder, array)
    items = cgutils.unpack_tuple(builder, index, len(index_type))
    items = [context.cast(builder, i, t, types.intp) for i, t in zip(items, index_type, strict=True)]
    items += [context.get_constant(types.intp, 0)] * (array_type.ndim - len(items))
    shape, strides = cgutils.unpack_tuple(builder, view.shape), cgutils.unpack_tuple(builder, view.strides)
    layout = array_type.layout
    return cgutils.get_item_pointer2(context, builder, view.data, shape, strides, layout, items, False, False)


def repeated(builder, scalar, lane=F32):
    """`scalar` in all lanes."""
    undefined = ir.Constant(ir.VectorType(lane, LANES), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(I32, LANES), [0] * LANES))


def _multiply_add(builder, vectors):
    """The processor's fused multiply-add of three vectors."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v16f32"), vectors)


@intrinsic
def load(typingctx, array, index):
    """The 16 lanes at array[index]."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        return builder.load(builder.bitcast(address, VECTOR.as_pointer()), align=4)

    return vector(array, index), generate


@intrinsic
def load_ahead(typingctx, array, index, pixels):
    """The 16 lanes so many pixels behind array[index], for pixels that follow each other in memory.

    With a constant number, a row of loads needs one address; with a view's stride, each needs a register of its own.
    """

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        ahead = context.cast(builder, args[2], signature.args[2], types.intp)
        return builder.load(builder.gep(builder.bitcast(address, VECTOR.as_pointer()), [ahead]), align=4)

    return vector(array, index, pixels), generate


@intrinsic
def load_bytes(typingctx, array, index):
    """The 16 bytes at array[index], 0..255, as floats."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        packed = builder.load(builder.bitcast(address, BYTES.as_pointer()), align=1)
        return builder.uitofp(packed, VECTOR)

    return vector(array, index), generate


@intrinsic
def store(typingctx, array, index, value):
    """array[index] = the 16 lanes of value."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        builder.store(args[2], builder.bitcast(address, VECTOR.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, index, value), generate


@intrinsic
def broadcast(typingctx, array, index):
    """array[index] in all 16 lanes."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        return repeated(builder, builder.load(address))

    return vector(array, index), generate


@intrinsic
def broadcast_lane(typingctx, array, index, pixels, lane):
    """One lane, in all 16, of the vector so many pixels behind array[index], for pixels that follow each other."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        ahead, lane = (
            context.cast(builder, a, t, types.intp) for a, t in zip(args[2:], signature.args[2:], strict=True)
        )
        vector_ = builder.gep(builder.bitcast(address, VECTOR.as_pointer()), [ahead])
        return repeated(builder, builder.load(builder.gep(builder.bitcast(vector_, F32.as_pointer()), [lane])))

    return vector(array, index, pixels, lane), generate


@intrinsic
def splat(typingctx, number):
    """The same number in all 16 lanes."""

    def generate(context, builder, signature, args):
        return repeated(builder, context.cast(builder, args[0], signature.args[0], types.float32))

    return vector(number), generate


@intrinsic
def zero(typingctx):
    """0 in all lanes."""
    return vector(), lambda context, builder, signature, args: ir.Constant(VECTOR, [0.0] * LANES)


@intrinsic
def fma(typingctx, a, b, c):
    """a * b + c in each lane, rounded once."""

    return vector(a, b, c), lambda context, builder, signature, args: _multiply_add(builder, args)


@intrinsic
def add(typingctx, a, b):
    """a + b in each lane."""
    return vector(a, b), lambda context, builder, signature, args: builder.fadd(*args)


@intrinsic
def subtract(typingctx, a, b):
    """a - b in each lane."""
    return vector(a, b), lambda context, builder, signature, args: builder.fsub(*args)


@intrinsic
def multiply(typingctx, a, b):
    """a * b in each lane."""
    return vector(a, b), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def scaled(typingctx, a, factor, b):
    """a * factor + b in each lane, for one factor, rounded once."""

    def generate(context, builder, signature, args):
        number = context.cast(builder, args[1], signature.args[1], types.float32)
        return _multiply_add(builder, [args[0], repeated(builder, number), args[2]])

    return vector(a, factor, b), generate


@intrinsic
def leak(typingctx, value, gate, slope):
    """value where gate > 0, slope * value elsewhere: the ReLU family and its derivative."""

    def generate(context, builder, signature, args):
        factor = context.cast(builder, args[2], signature.args[2], types.float32)
        below = builder.fmul(args[0], repeated(builder, factor))
        above = builder.fcmp_ordered(">", args[1], ir.Constant(VECTOR, [0.0] * LANES))
        return builder.select(above, args[0], below)

    return vector(value, gate, slope), generate


@intrinsic
def total(typingctx, value):
    """Sum of the 16 lanes as a fixed tree 16 -> 8 -> 4 -> 2 -> 1."""

    def generate(context, builder, signature, args):
        value, width = args[0], LANES
        while width > 1:
            half = width // 2
            unused = ir.Constant(ir.VectorType(F32, width), ir.Undefined)
            halves = [ir.Constant(ir.VectorType(I32, half), list(range(start, start + half))) for start in (0, half)]
            low, high = (builder.shuffle_vector(value, unused, part) for part in halves)
            value, width = builder.fadd(low, high), half
        return builder.extract_element(value, ir.Constant(I32, 0))

    return types.float32(value), generate
