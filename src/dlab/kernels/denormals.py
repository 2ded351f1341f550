"""Numbers below 1e-38 count as zero while kernels run.

Gradients of samples that are already learnt, and optimizer states that fade away, end in such numbers, and a processor
takes a hundred times longer over them: without this, a step of a well-trained LeNet is fifteen times slower.
The mode belongs to a thread: workers keep it, the caller's thread gives it back after each plan.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dlab.kernels.jit import factory, kernel
from dlab.kernels.tasks import own_tasks

FLUSH = 0x8040  # flush-to-zero and denormals-are-zero in the x86 control register
I32 = ir.IntType(32)


@intrinsic
def _set_mode(typingctx, on):
    """Turn the two bits on or off; other processors have no such penalty and are left alone."""

    def generate(context, builder, signature, args):
        module = builder.module
        if "x86" in module.triple or "amd64" in module.triple:
            place = builder.alloca(I32)
            raw = builder.bitcast(place, ir.IntType(8).as_pointer())
            kind = ir.FunctionType(ir.VoidType(), [raw.type])
            fetch, put = (
                module.globals.get(name) or ir.Function(module, kind, name)
                for name in ("llvm.x86.sse.stmxcsr", "llvm.x86.sse.ldmxcsr")
            )
            builder.call(fetch, [raw])
            kept = builder.and_(builder.load(place), ir.Constant(I32, ~FLUSH & 0xFFFFFFFF))
            bits = builder.select(args[0], ir.Constant(I32, FLUSH), ir.Constant(I32, 0))
            builder.store(builder.or_(kept, bits), place)
            builder.call(put, [raw])
        return context.get_dummy_value()

    return types.void(types.boolean), generate


@factory
def modes():
    """(flush, keep): two calls that set the mode of the calling thread."""

    @kernel(parallel=False)
    def flush():
        _set_mode(True)

    @kernel(parallel=False)
    def keep():
        _set_mode(False)

    return flush, keep


@factory
def _tell_workers():
    @kernel(types.intp)
    def tell(worker, threads):
        for _ in own_tasks(worker, threads):
            _set_mode(True)

    return tell


def tell_workers(threads: int) -> None:
    """Set the mode in every worker thread, once."""
    _tell_workers()(threads)
    modes()[1]()
