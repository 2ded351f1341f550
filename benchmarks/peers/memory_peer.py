"""What memory gives, to hold an optimizer's pass against.

copy   y <- x, by the C library's memcpy: each number is read and written; a store also fetches the line it goes to
bare   the same arrays read and written in place as by the optimizer, with one addition for each
"""

from collections.abc import Callable

import numba
import numpy as np
from numba import njit, prange

from dlab import kernels
from dlab.registry import OPTIMIZERS
from peers.arrays import start

VERSION = numba.__version__
CHUNK = 4096


@njit(parallel=True)
def copy(x, y, parts):
    """Each thread copies a part."""
    for part in prange(parts):
        low, high = part * x.size // parts, (part + 1) * x.size // parts
        y[low:high] = x[low:high]


def bare(states: int) -> Callable[..., None]:
    """w, m, v, z <- w + g, m + g, v + g, z + g for so many states."""

    @njit(parallel=True)
    def run(w, g, m, v, z):
        for task in prange((w.size + CHUNK - 1) // CHUNK):
            chunk = slice(task * CHUNK, (task + 1) * CHUNK)
            ws, gs, ms, vs, zs = w[chunk], g[chunk], m[chunk], v[chunk], z[chunk]
            for i in range(ws.size):
                ws[i] += gs[i]
                if states > 0:
                    ms[i] += gs[i]
                if states > 1:
                    vs[i] += gs[i]
                if states > 2:
                    zs[i] += gs[i]

    return run


def update(name: str, size: int, variant: str, threads: int) -> Callable[[], None]:
    """A call that moves as many bytes as memory lets it."""
    kernels.set_threads(threads)
    arrays = [kernels.backend("cpu").zeros((size,)) for _ in range(2 + OPTIMIZERS[name].states)]
    for array in arrays:
        array[:] = start(size)[1]
    if variant == "copy":
        return lambda: copy(*arrays[:2], threads)
    run, nothing = bare(OPTIMIZERS[name].states), np.zeros(1, np.float32)
    given = [*arrays, nothing, nothing, nothing][:5]
    return lambda: run(*given)
