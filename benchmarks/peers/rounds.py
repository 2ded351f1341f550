"""A plan's list of calls, run as `kernels.calls` runs it, with a look at the processor's clock around each call."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from dlab.kernels.calls import DATA, FOREVER, MEET, NOTES, NUMBERS, ONE, PIECE, Bound, Together
from dlab.kernels.jit import factory, kernel
from dlab.kernels.tasks import own_tasks
from dlab.kernels.workers import meet, run_written

LOG = types.Array(types.int64, 3, "C")
BEGIN, END, MET = range(3)


@intrinsic
def ticks(typingctx):
    """The processor's counter of ticks, which go on evenly."""

    def generate(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.readcyclecounter"), [])

    return types.int64(), generate


@factory
def _clocked():
    """log[worker, call] = when the worker began it, when its part was done, when all had met."""

    @kernel(NOTES, NUMBERS, types.intp, LOG)
    def clocked(worker, notes, arrived, threads, log):
        for me in own_tasks(worker, threads):
            for k in range(notes.shape[0]):
                log[me, k, BEGIN] = ticks()
                if me == 0 or not notes[k, ONE]:
                    run_written(notes[k, PIECE], me, notes[k, DATA])
                log[me, k, END] = ticks()
                if notes[k, MEET]:
                    meet(arrived, notes[k, MEET] * threads, FOREVER)
                log[me, k, MET] = ticks()

    return clocked


class Clocked:
    """The calls of a `Together` on some threads, in the order in which they run."""

    def __init__(self, together: Together, threads: int):
        self.together, self.threads = together, threads
        self.calls: list[Bound] = [call for calls in together.rounds for call in calls]
        together._share(threads)

    def run(self) -> np.ndarray:
        """One step; ticks [threads, calls, 3]."""
        together, log = self.together, np.zeros((self.threads, len(self.calls), 3), np.int64)
        together._arrived[0] = 0
        together._counters.fill(0)
        _clocked()(together._notes, together._arrived, self.threads, log)
        return log
