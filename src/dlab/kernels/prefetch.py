"""Bringing memory nearer before it is used: a processor does not foresee what lies in another one's cache."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from dlab.kernels.lanes import I32, _address


@intrinsic(prefer_literal=True)
def prefetch(typingctx, array, index, writes):
    """Begin to bring the cache line of array[index], to be read or to be written; nothing waits for it."""
    if not isinstance(writes, types.Literal):
        return None
    write = int(writes.literal_value)

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], signature.args[1], args[1])
        address = builder.bitcast(address, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [address.type, I32, I32, I32])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(fetch, [address, I32(write), I32(3), I32(1)])  # to stay in all caches; data, no code
        return context.get_dummy_value()

    return types.void(array, index, writes), generate
