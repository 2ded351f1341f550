"""Tasks shared among threads: a kernel that calls itself on every worker.

Python calls a kernel with worker = (0, 0).  Its loop `for task in tasks(worker, count)` then has every thread call the
same kernel with worker = (i, n), where the loop runs over the i-th of n equal parts of the tasks, and itself runs over
none.  So a kernel is such a loop and does nothing outside it, for each worker and the caller would do that too.

Such a kernel is one compiled function.  Numba's prange would make a function of the loop, one that hands out its parts
and one around both, and compile the loop in each of the three: that takes two and a half times longer.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WORKER = types.UniTuple(types.intp, 2)
EVERYONE, ALONE = (0, 0), (0, 1)
SMALL = 30_000  # vector multiply-adds, about 5 us: as long as it takes to wake a thread
NUMBER, BYTES = ir.IntType(types.intp.bitwidth), ir.IntType(8).as_pointer()
NUMBERS = NUMBER.as_pointer()
# What Numba's threads run, (places, counts, steps, data), and what hands it to them.
PIECE = ir.FunctionType(ir.VoidType(), [BYTES.as_pointer(), NUMBERS, NUMBERS, BYTES])
HAND_OUT = ir.FunctionType(ir.VoidType(), [BYTES] * 5 + [NUMBER] * 3)


@intrinsic
def tasks(typingctx, worker, count):
    """The range of those of `count` tasks that are this worker's."""

    def generate(context, builder, signature, args):
        index, workers = cgutils.unpack_tuple(builder, args[0], 2)
        count = context.cast(builder, args[1], signature.args[1], types.intp)
        everyone = builder.icmp_signed("==", workers, NUMBER(0))
        with builder.if_then(everyone):
            _call_workers(builder)
        workers = builder.select(everyone, NUMBER(1), workers)  # never divide by 0
        after = builder.select(everyone, index, builder.add(index, NUMBER(1)))
        found = cgutils.create_struct_proxy(signature.return_type)(context, builder)
        found.start, found.stop = (builder.sdiv(builder.mul(count, i), workers) for i in (index, after))
        found.step = NUMBER(1)
        return found._getvalue()

    return types.range_state64_type(worker, count), generate


def _call_workers(builder):
    """Call the function that is being built on every thread, with the same arguments but for the worker."""
    module, kernel = builder.module, builder.function
    threads = builder.call(cgutils.get_or_insert_function(module, ir.FunctionType(NUMBER, []), "get_num_threads"), [])
    given = cgutils.pack_struct(builder, [threads, *kernel.args[4:]])  # without result, fault and worker
    values = BYTES(None), threads, NUMBER(1), given
    places, counts, steps, data = (cgutils.alloca_once_value(builder, value) for value in values)
    pointers = [_piece(module, kernel, given.type), places, counts, steps, data]
    hand_out = cgutils.get_or_insert_function(module, HAND_OUT, "numba_parallel_for")
    numbers = NUMBER(0), NUMBER(1), threads  # inner dimensions, places, threads
    builder.call(hand_out, [*(builder.bitcast(pointer, BYTES) for pointer in pointers), *numbers])


def _piece(module, kernel, given):
    """A function that calls the kernel as so many workers as it is told, the first of which is `places[0]`."""
    piece = ir.Function(module, PIECE, f"piece.{kernel.name}")
    piece.linkage = "internal"
    builder = ir.IRBuilder(piece.append_basic_block())
    places, counts, _, data = piece.args
    threads, *arguments = cgutils.unpack_tuple(builder, builder.load(builder.bitcast(data, given.as_pointer())))
    first = builder.ptrtoint(builder.load(places), NUMBER)
    result, fault = (cgutils.alloca_once(builder, argument.type.pointee) for argument in kernel.args[:2])
    with cgutils.for_range(builder, builder.load(counts)) as loop:
        builder.call(kernel, [result, fault, builder.add(first, loop.index), threads, *arguments])
    builder.ret_void()
    return piece


def alone(run: Any) -> Callable:
    """A kernel with all its tasks on the calling thread, where these are done before another has woken."""
    return partial(run.func, ALONE)


def unless_small(run: Any, multiply_adds: int) -> Callable:
    """A kernel on all threads, or on one if it has only so few vector multiply-adds to do."""
    return run if multiply_adds > SMALL else alone(run)
