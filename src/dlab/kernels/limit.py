"""What the machine can do at most, which every rate is measured against: multiply-adds, and copies of memory."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numba import get_num_threads, set_num_threads, types

from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, load, store, vector_registers
from dlab.kernels.memory import aligned
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import own_tasks, tasks
from dlab.layout import LANES

Call = Callable[[], object]
COPIED, COPIES = 1 << 27, 256  # bytes of each of two arrays, in so many tasks


@factory
def _chains(size: int):
    """`size` independent chains a <- a b + c in registers, in every task."""

    @kernel(floats(1), floats(2), types.intp)
    def chains(worker, start, out, steps):
        for task in own_tasks(worker, out.shape[0]):
            acc = tile(size)
            factor, term = broadcast(start, (0,)), broadcast(start, (1,))
            for a in range(size):
                put(acc, a, broadcast(start, (a,)))
            for _ in range(steps):
                for a in range(size):
                    put(acc, a, fma(get(acc, a), factor, term))
            whole = get(acc, 0)
            for a in range(1, size):
                whole = add(whole, get(acc, a))
            store(out, (task,), whole)

    return chains


@factory
def _copy():
    """target = source, a row of vectors in every task."""

    @kernel(floats(3), floats(3))
    def copy(worker, source, target):
        for task in tasks(worker, source.shape[0]):
            for place in range(source.shape[1]):
                store(target, (task, place), load(source, (task, place)))

    return copy


def fma_limit(threads: int, seconds: float = 0.2) -> float:
    """Most GFLOP/s that `threads` threads reach with data in registers only: the best of many short runs."""
    size, steps = (24 if vector_registers() == 32 else 6), 20_000
    start, out = np.linspace(0.5, 0.6, size, dtype=np.float32), np.zeros((threads, LANES), np.float32)
    run = _chains(size)
    best = _fastest(lambda: run(start, out, steps), threads, seconds)
    return 2 * LANES * size * steps * threads / best / 1e9


def copy_limit(threads: int, seconds: float = 0.2) -> float:
    """Most GB/s that `threads` threads copy between arrays that no cache of theirs holds, read and written."""
    source, target = (aligned((COPIES, COPIED // COPIES // (4 * LANES), LANES)) for _ in range(2))
    source[:] = 1  # pages that were never written are all one page
    run = _copy()
    best = _fastest(lambda: run(source, target), threads, seconds)
    return (source.nbytes + target.nbytes) / best / 1e9


def _fastest(run: Call, threads: int, seconds: float) -> float:
    """Seconds of the fastest of as many runs on so many threads as there is time for, after one to warm up."""
    before, best = get_num_threads(), float("inf")
    set_num_threads(threads)
    run()
    end = perf_counter() + seconds
    while perf_counter() < end or best == float("inf"):
        begin = perf_counter()
        run()
        best = min(best, perf_counter() - begin)
    set_num_threads(before)
    return best
