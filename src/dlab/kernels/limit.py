"""The machine's multiply-add limit, which every other rate is measured against."""

from time import perf_counter

import numpy as np
from numba import get_num_threads, set_num_threads, types

from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, broadcast, fma, store, vector_registers
from dlab.kernels.registers import get, put, tile
from dlab.kernels.workers import tasks
from dlab.layout import LANES


@factory
def _chains(size: int):
    """`size` independent chains a <- a b + c in registers, in every task."""

    @kernel(floats(1), floats(2), types.intp)
    def chains(worker, start, out, steps):
        for task in tasks(worker, out.shape[0]):
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


def fma_limit(threads: int, seconds: float = 0.2) -> float:
    """Most GFLOP/s that `threads` threads reach with data in registers only: the best of many short runs."""
    size, steps, before = (24 if vector_registers() == 32 else 6), 20_000, get_num_threads()
    start, out = np.linspace(0.5, 0.6, size, dtype=np.float32), np.zeros((threads, LANES), np.float32)
    run, best = _chains(size), float("inf")
    set_num_threads(threads)
    end = perf_counter() + seconds
    while perf_counter() < end:
        begin = perf_counter()
        run(start, out, steps)
        best = min(best, perf_counter() - begin)
    set_num_threads(before)
    return 2 * LANES * size * steps * threads / best / 1e9
