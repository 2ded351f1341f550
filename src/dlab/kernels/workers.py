"""Workers: a kernel that calls itself on every thread.

Python calls a kernel with worker = EVERYONE.  Its loop `for task in tasks(worker, count)` then has every thread call
the same kernel with worker = (i, n, counters), where the loop runs over tasks of that worker, and itself runs over
none.  So a kernel is such a loop and does nothing outside it, for each worker and the caller would do that too.  With
worker = (address, WRITE, 0) it does no task either, but writes down how to call it later: see `calls`.

Such a kernel is one compiled function.  Numba's prange would make a function of the loop, one that hands out its parts
and one around both, and compile the loop in each of the three: that takes two and a half times longer.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WORKER = types.UniTuple(types.intp, 3)
EVERYONE, ALONE, WRITE = (0, 0, 0), (0, 1, 0), -1
SMALL = 30_000  # vector multiply-adds, about 5 us: as long as it takes to wake a thread
NUMBER, BYTES = ir.IntType(types.intp.bitwidth), ir.IntType(8).as_pointer()
NUMBERS, I32 = NUMBER.as_pointer(), ir.IntType(32)
ARGUMENTS = 5  # behind a kernel's result, its fault and the three numbers of its worker
LOOKS = 2_000  # at others who have not come, with a breath between: some 50 us
# What Numba's threads run, (places, counts, steps, data), and what hands it to them.
PIECE = ir.FunctionType(ir.VoidType(), [BYTES.as_pointer(), NUMBERS, NUMBERS, BYTES])
HAND_OUT = ir.FunctionType(ir.VoidType(), [BYTES] * 5 + [NUMBER] * 3)
LINE = 8  # numbers of a cache line, which the counter of a worker's part has for itself
NOTHING, YIELD = ir.FunctionType(ir.VoidType(), []), ir.FunctionType(I32, [])


def call_workers(builder):
    """Call the function that is being built on every thread, with the same arguments but for the worker."""
    module, kernel = builder.module, builder.function
    threads = builder.call(cgutils.get_or_insert_function(module, ir.FunctionType(NUMBER, []), "get_num_threads"), [])
    counters = builder.alloca(NUMBER, builder.mul(threads, NUMBER(LINE)))
    with cgutils.for_range(builder, threads) as loop:
        builder.store(NUMBER(0), builder.gep(counters, [builder.mul(loop.index, NUMBER(LINE))]))
    given = _given(builder, threads, builder.ptrtoint(counters, NUMBER), kernel.args[ARGUMENTS:])
    values = BYTES(None), threads, NUMBER(1), given
    places, counts, steps, data = (cgutils.alloca_once_value(builder, value) for value in values)
    pointers = [_piece(module, kernel, given.type), places, counts, steps, data]
    hand_out = cgutils.get_or_insert_function(module, HAND_OUT, "numba_parallel_for")
    numbers = NUMBER(0), NUMBER(1), threads  # inner dimensions, places, threads
    builder.call(hand_out, [*(builder.bitcast(pointer, BYTES) for pointer in pointers), *numbers])


def write_down(context, builder, address):
    """Write to memory what `run_written` needs: the piece, the size of its data, and the data."""
    given = _given(builder, NUMBER(1), NUMBER(0), _uncounted(builder.function.args[ARGUMENTS:]))
    piece, place = _piece(builder.module, builder.function, given.type), builder.inttoptr(address, NUMBERS)
    builder.store(builder.ptrtoint(piece, NUMBER), place)
    builder.store(NUMBER(context.get_abi_sizeof(given.type)), builder.gep(place, [NUMBER(1)]))
    builder.store(given, builder.bitcast(builder.gep(place, [NUMBER(2)]), given.type.as_pointer()), align=8)


def _given(builder, threads, counters, arguments):
    """The number of workers, where the counters of their parts are, and the kernel's arguments."""
    return cgutils.pack_struct(builder, [threads, counters, *arguments])


def _uncounted(arguments):
    """The arguments without the two addresses by which Numba counts an array's uses: these end with the call.

    Nothing else is two untyped pointers side by side.
    """
    found = list(arguments)
    for at in range(len(found) - 1):
        if found[at].type == found[at + 1].type == BYTES:
            found[at] = found[at + 1] = BYTES(None)
    return found


def _piece(module, kernel, given):
    """A function that calls the kernel as so many workers as it is told, the first of which is `places[0]`."""
    name = f"piece.{kernel.name}"
    if name in module.globals:
        return module.globals[name]
    piece = ir.Function(module, PIECE, name)
    piece.linkage = "internal"
    builder = ir.IRBuilder(piece.append_basic_block())
    places, counts, _, data = piece.args
    threads, counters, *arguments = cgutils.unpack_tuple(
        builder, builder.load(builder.bitcast(data, given.as_pointer()), align=8)
    )
    first = builder.ptrtoint(builder.load(places), NUMBER)
    result, fault = (cgutils.alloca_once(builder, argument.type.pointee) for argument in kernel.args[:2])
    with cgutils.for_range(builder, builder.load(counts)) as loop:
        builder.call(kernel, [result, fault, builder.add(first, loop.index), threads, counters, *arguments])
    builder.ret_void()
    return piece


@intrinsic
def run_written(typingctx, piece, worker, data):
    """Call what a kernel has written down, as the worker of this number."""

    def generate(context, builder, signature, args):
        piece, worker, data = args
        places = cgutils.alloca_once(builder, BYTES)
        builder.store(builder.inttoptr(worker, BYTES), places)
        counts = cgutils.alloca_once_value(builder, NUMBER(1))
        function = builder.inttoptr(piece, PIECE.as_pointer())
        builder.call(function, [places, counts, counts, builder.inttoptr(data, BYTES)])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


@intrinsic
def meet(typingctx, arrived, count, patience):
    """Add 1 to arrived[0] and look until it is at least `count`, so many times at most; false if it never was.

    A thread that has waited for long offers its core to others between its looks.  It never sleeps: who wakes is late,
    and then the others sleep.
    """

    def generate(context, builder, signature, args):
        place = context.make_array(signature.args[0])(context, builder, args[0]).data
        turns = cgutils.alloca_once(builder, NUMBER)
        builder.store(NUMBER(0), turns)
        builder.atomic_rmw("add", place, NUMBER(1), "seq_cst")
        look, wait, done = (builder.append_basic_block(name) for name in ("look", "wait", "done"))
        builder.branch(look)
        builder.position_at_end(look)
        met = builder.icmp_signed(">=", builder.load_atomic(place, "acquire", 8), args[1])
        builder.cbranch(met, done, wait)
        builder.position_at_end(wait)
        _breathe(builder)
        number = builder.add(builder.load(turns), NUMBER(1))
        builder.store(number, turns)
        with builder.if_then(builder.icmp_signed(">", number, NUMBER(LOOKS)), likely=False):
            builder.call(cgutils.get_or_insert_function(builder.module, YIELD, "sched_yield"), [])
        builder.cbranch(builder.icmp_signed("<", number, args[2]), look, done)
        builder.position_at_end(done)
        return met

    return types.boolean(arrived, types.intp, types.intp), generate


def _breathe(builder):
    """Tell an x86 processor that this is a waiting loop, for which it slows down."""
    if "x86" in builder.module.triple:
        builder.call(cgutils.get_or_insert_function(builder.module, NOTHING, "llvm.x86.sse2.pause"), [])


class Kernel(partial):
    """A compiled kernel for a worker; `writes` are the places of the arguments that it changes, or none if unknown."""

    writes: Sequence[int]

    def __new__(cls, entry: Callable, worker: tuple[int, int, int], writes: Sequence[int]) -> "Kernel":
        made = super().__new__(cls, entry, worker)
        made.writes = writes
        return made


def alone(run: Any) -> Callable:
    """A kernel with all its tasks on the calling thread, where these are done before another has woken."""
    return Kernel(run.func, ALONE, getattr(run, "writes", ()))


def unless_small(run: Any, multiply_adds: int) -> Callable:
    """A kernel on all threads, or on one if it has only so few vector multiply-adds to do."""
    return run if multiply_adds > SMALL else alone(run)
