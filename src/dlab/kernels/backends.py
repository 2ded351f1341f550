"""The backends: ways to run the operations, each with its number type, its layout of a batch and its memory."""

from collections.abc import Callable, Hashable
from importlib import import_module
from itertools import groupby
from typing import Any

import numpy as np

from dlab import machine
from dlab.kernels import memory
from dlab.kernels.imports import numba
from dlab.kernels.script import Script
from dlab.layout import LANES, Shape, blocks, volume

OPERATIONS = (
    *("activation", "convolution", "dense", "dropout", "gather", "local"),
    *("loss", "lrn", "normalisation", "pooling", "update"),
)
Call = Callable[[], object]


class Backend:
    """One way to run the operations: its modules as attributes, its number type, and its buffers.

    sums: the numbers in which a loss is added up; apart: whether kernels have a memory of their own, not the host's
    """

    name: str
    dtype: type
    sums: type = np.float64
    apart = False

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

    def wait(self) -> None:
        """Return when all calls are done."""

    def free_memory(self) -> int:
        """Bytes that can still be taken for arrays."""
        return machine.free_memory()

    def script(self, batch: int, keys: int = 0, coefficients: int = 0, alone: bool = False) -> Script:
        """What changes from step to step; `alone` if the host has to see each step before the next one."""
        return Script(self, batch, keys, coefficients)

    def zeros(self, shape: Shape, kind: Any = None, form: Hashable = None) -> np.ndarray:
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
        numba()
        from dlab.kernels import denormals

        super().__init__()
        denormals.tell_workers(numba().config.NUMBA_NUM_THREADS)
        self._modes = denormals.modes()

    def bracket(self, calls: list[Call]) -> list[Call]:
        from dlab.kernels.calls import joined

        flush, keep = self._modes
        return [flush, *joined(calls), keep]

    def lanes(self, batch: int) -> tuple[int, int]:
        return blocks(batch), LANES


class CUDA(LaneBlocks):
    """numba.cuda on one block of as many lanes as there are samples, [1, C, H, W, N], N in whole warps.

    Arrays have a twin on the device, which kernels see; `fetch` and `send` copy.
    """

    name, sums, apart = "cuda", np.float32, True

    def __init__(self, number: int = 0) -> None:
        numba()
        from dlab.kernels import gpu

        gpu.select(number)
        self._gpu = gpu
        super().__init__()

    def bracket(self, calls: list[Call]) -> list[Call]:
        """Launches that follow one another become one call."""
        found: list[Call] = []
        for launches, group in groupby(calls, lambda call: hasattr(call, "launches")):
            together = list(group)
            found += [self._together(together)] if launches else together
        return found

    def script(self, batch: int, keys: int = 0, coefficients: int = 0, alone: bool = False) -> Script:
        from dlab.kernels.gpu.pages import Pages

        return (Script if alone else Pages)(self, batch, keys, coefficients)

    def lanes(self, batch: int) -> tuple[int, int]:
        return 1, self._gpu.padded(batch)

    def fetch(self, array: np.ndarray) -> np.ndarray:
        return self._gpu.mirrors().fetch(array)

    def send(self, array: np.ndarray) -> None:
        self._gpu.mirrors().send(array)

    def wait(self) -> None:
        self._gpu.device().wait()

    def free_memory(self) -> int:
        return self._gpu.device().free_memory()

    def read(self, array: np.ndarray, samples: int) -> np.ndarray:
        return super().read(self.fetch(array), samples)

    def _together(self, calls: list[Any]) -> Call:
        return self._gpu.device().together([launch for call in calls for launch in call.launches])


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
