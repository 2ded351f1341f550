"""The operations of a network, each said four times: as a definition, in plain NumPy, and fast on two kinds of machine.

Every folder here is one operation.  Its page (`__init__`) states the formula, `reference.py` says it in float64, and
`cpu.py` and `cuda.py` say it on lane blocks, with the same function names and arguments.  Each function binds its
arrays and returns a call without arguments; a network is a flat list of such calls.  `gpu/` carries the `cuda.py`.
"""

import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from dlab.kernels import memory
from dlab.layout import LANES, Shape, blocks, volume

OPERATIONS = (
    *("activation", "convolution", "dense", "dropout", "gather", "local"),
    *("loss", "lrn", "normalisation", "pooling", "update"),
)
Call = Callable[[], object]


class Backend:
    """One way to run the operations: its modules as attributes, its number type, and its buffers."""

    name: str
    dtype: type

    def __init__(self) -> None:
        for operation in OPERATIONS:
            setattr(self, operation, import_module(f"dlab.kernels.{operation}.{self.name}"))

    def __getattr__(self, operation: str) -> Any:
        raise AttributeError(f"the {self.name} backend has no operation {operation}")

    def bracket(self, calls: list[Call]) -> list[Call]:
        """The calls with whatever must happen before and after them."""
        return calls

    def fetch(self, array: np.ndarray) -> np.ndarray:
        """The array, with what kernels have made of it."""
        return array

    def send(self, array: np.ndarray) -> None:
        """Show the kernels what the host has made of the array."""

    def zeros(self, shape: Shape, kind: type | None = None, form: Hashable = None) -> np.ndarray:
        """A zeroed array of this backend's numbers, or of another kind; with a form, what nobody writes stays zero."""
        return memory.source().zeros(shape, kind or self.dtype, form)

    def whole(self, shape: Shape, batch: int, form: Hashable = None) -> np.ndarray:
        """A zeroed array for a batch of samples of this shape."""
        raise NotImplementedError

    def read(self, array: np.ndarray, samples: int) -> np.ndarray:
        """The samples as [N, ...], copied."""
        raise NotImplementedError

    def buffer(self, shape: Shape, batch: int, margin: int = 0) -> "Buffer":
        """Room for a batch, with `margin` zeros around each image."""
        if not margin:
            return Buffer(self.whole(shape, batch))
        channels, height, width = shape[0], *(size + 2 * margin for size in shape[1:])
        # Planes an odd number of pixels apart: at a power of two they would all want the same lines of the cache.
        pixels = height * width
        form = height, width, margin
        planes = self.whole((channels, pixels + 1 + pixels % 2), batch, form)[:, :, :pixels]
        return Buffer(planes.reshape(*planes.shape[:2], height, width, *planes.shape[3:]), margin)


class Reference(Backend):
    """NumPy in float64, [N, C, H, W]: the definitions, to compare with."""

    name, dtype = "reference", np.float64

    def whole(self, shape: Shape, batch: int, form: Hashable = None) -> np.ndarray:
        return self.zeros((batch, *shape), form=form)

    def read(self, array: np.ndarray, samples: int) -> np.ndarray:
        return array[:samples].copy()


class LaneBlocks(Backend):
    """Float32 in which the innermost axis is samples side by side: [B, C, H, W, lanes]."""

    dtype = np.float32

    def lanes(self, batch: int) -> tuple[int, int]:
        """Blocks for a batch, and lanes in each."""
        raise NotImplementedError

    def whole(self, shape: Shape, batch: int, form: Hashable = None) -> np.ndarray:
        blocks, lanes = self.lanes(batch)
        return self.zeros((blocks, *shape, lanes), form=form)

    def read(self, array: np.ndarray, samples: int) -> np.ndarray:
        together = np.moveaxis(array, -1, 1)
        return together.reshape(-1, *together.shape[2:])[:samples].copy()


class CPU(LaneBlocks):
    """Numba on blocks of sixteen lanes, [B, C, H, W, 16]."""

    name = "cpu"

    def __init__(self) -> None:
        _numba()
        from dlab.kernels import denormals

        super().__init__()
        denormals.tell_workers(max_threads())
        self._modes = denormals.modes()

    def bracket(self, calls: list[Call]) -> list[Call]:
        flush, keep = self._modes
        return [flush, *calls, keep]

    def lanes(self, batch: int) -> tuple[int, int]:
        return blocks(batch), LANES


class CUDA(LaneBlocks):
    """numba.cuda on one block of as many lanes as there are samples, [1, C, H, W, N], N in whole warps.

    Arrays have a twin on the device, which kernels see; `fetch` and `send` copy.
    """

    name = "cuda"

    def __init__(self) -> None:
        _numba()
        from dlab.kernels import gpu

        self._gpu = gpu
        super().__init__()

    def lanes(self, batch: int) -> tuple[int, int]:
        return 1, self._gpu.padded(batch)

    def fetch(self, array: np.ndarray) -> np.ndarray:
        return self._gpu.mirrors().fetch(array)

    def send(self, array: np.ndarray) -> None:
        self._gpu.mirrors().send(array)

    def read(self, array: np.ndarray, samples: int) -> np.ndarray:
        return super().read(self.fetch(array), samples)


class Buffer:
    """A batch in memory, with a margin of zeros around each image, which is how padding is done."""

    def __init__(self, whole: np.ndarray, margin: int = 0):
        self.whole = whole
        self.margin = margin

    def view(self, margin: int = 0) -> np.ndarray:
        """The images with `margin` of the zeros around them."""
        cut = self.margin - margin
        if cut < 0:
            raise ValueError(f"this buffer has a margin of {self.margin}, not {margin}")
        return self.whole[:, :, cut : self.whole.shape[2] - cut, cut : self.whole.shape[3] - cut] if cut else self.whole

    def image(self) -> np.ndarray:
        """The images without the zeros around them; a vector is one pixel of many channels."""
        return self.view() if self.whole.ndim >= 4 else self.whole[:, :, None, None]

    def flat(self) -> np.ndarray:
        """The batch as vectors, sharing memory; only without a margin."""
        if self.margin:
            raise ValueError("a buffer with a margin has no flat view")
        axes = 4 if self.whole.ndim >= 4 else 2
        return self.whole.reshape(self.whole.shape[0], volume(self.whole.shape[1:axes]), *self.whole.shape[axes:])


def backend(name: str, named: bool = False) -> Backend:
    """The backend called `name`; with `named`, its calls know what they are (`named.NamedCall`)."""
    found = {"reference": Reference, "cpu": CPU, "cuda": CUDA}[name]()
    if named:
        from dlab.kernels.named import name_calls

        name_calls(found)
    return found


def compiling(listener: Callable[[str, int, float], None]) -> None:
    """Call `listener(kernel, kernels compiled so far, seconds)` after each kernel that has to be compiled."""
    _numba()
    from dlab.kernels import jit

    jit.compiling(listener)


def fma_limit(threads: int) -> float:
    """The machine's multiply-add limit in GFLOP/s on this many threads."""
    _numba()
    from dlab.kernels.limit import fma_limit

    return fma_limit(threads)


def copy_limit(threads: int) -> float:
    """The machine's memory bandwidth in GB/s on this many threads, in a copy."""
    _numba()
    from dlab.kernels.limit import copy_limit

    return copy_limit(threads)


def set_threads(threads: int) -> None:
    """Use this many threads from the next call on; results do not depend on it."""
    _numba().set_num_threads(threads)


def max_threads() -> int:
    """The most threads that may be asked for."""
    return _numba().config.NUMBA_NUM_THREADS


def describe() -> str:
    """The vectors that kernels are compiled for."""
    from dlab.kernels.lanes import vector_registers

    return "AVX-512: a vector a register" if vector_registers() == 32 else "a vector takes two or four registers"


def threading_layer() -> str:
    """The library that runs the threads: omp, tbb or workqueue."""
    backend("cpu")
    return _numba().threading_layer()


@lru_cache
def _numba() -> Any:
    """Numba, imported without what it would import only to see that it is there: a quarter of a second."""
    with _hidden("coverage", "scipy.linalg.cython_blas"):
        import numba
        import numba.np.arraymath
    return numba


@contextmanager
def _hidden(*modules: str) -> Iterator[None]:
    """Modules that are not yet loaded are not found inside the block."""
    absent = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
