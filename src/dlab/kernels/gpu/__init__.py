"""The GPU's side of the kernels: launches, device memory, and a device that this machine can do without.

A kernel is written once, in `@cuda.jit`, in `kernels/<operation>/cuda.py`.  What runs it is a *device*:

    Hardware   a GPU, through numba-cuda: launches on a stream, or replayed as one graph
    Emulator   the processor: the same source, rewritten so that every thread of a block runs to the next barrier in
               turn; it checks bounds, barriers and that the threads' order does not count (`emulator.py`)

Layout     activations are lane blocks as on the CPU, with all samples in one block: [1, C, H, W, N], N whole warps.
           A warp is 32 samples, and one thread stands where one lane of a vector stands.
Memory     every array has a twin on the device (`mirror.py`): NumPy's array says shape, strides and place, and is
           where the host reads and writes; kernels see the device's bytes.  `fetch` and `send` copy between both.
Kernels    are factories over integers: shapes, strides and tiles are constants of the machine code.  An array arrives
           as one row of numbers from its first element on, so a kernel computes its own places (`strides`).
           Numbers that are no integers, and what changes from step to step, are arguments or lie in device memory.
Sums       have a fixed order: no atomics on floats, grids cut by shape alone.  So two runs give the same bits.
Float32    throughout: a literal is written np.float32(0.5), or Numba would compute in float64.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from dlab.kernels import memory
from dlab.kernels.gpu.devices import Device, chosen
from dlab.kernels.gpu.mirror import Mirrors

WARP = 32
Dimensions = tuple[int, ...]


_used: list[Mirrors] = []


def use(device: Device) -> None:
    """Everything that is bound from now on runs on this device."""
    _used[:] = [Mirrors(device)]


def mirrors() -> Mirrors:
    """What lies on the device that is used: the one that is there, unless another was chosen."""
    if not _used:
        use(chosen(0))
    return _used[0]


def device() -> Device:
    """The device that is used."""
    return mirrors().device


def select(number: int) -> None:
    """Use the GPU of this number from now on; one that is used already keeps what lies on it."""
    if not _used or device().number != number:
        use(chosen(number))


def factory(make: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel factory makes each of its kernels once, and none for a plan that only measures memory."""
    made = lru_cache(maxsize=None)(make)
    return lambda *integers: None if memory.source().measures else made(*integers)


class Launch:
    """A kernel with its grid, its block and its arguments bound: a call on the device's stream.

    grid, block: up to three dimensions, x first
    arguments: NumPy arrays, which the kernel sees as rows of device memory; np.float32, np.int32 or np.uint32 numbers
    """

    def __init__(self, kernel: Any, grid: Dimensions, block: Dimensions, *arguments: Any):
        self.kernel, self.grid, self.block = kernel, _three(grid), _three(block)
        if kernel is not None:
            self.arguments = [mirrors().row(a) if isinstance(a, np.ndarray) else a for a in arguments]

    def __call__(self) -> None:
        device().launch(self)

    @property
    def launches(self) -> list["Launch"]:
        """What a graph is made of."""
        return [self]


class Launches:
    """Launches one after another, as one call."""

    def __init__(self, *calls: "Launch | Launches"):
        self.launches: list[Launch] = [launch for call in calls for launch in call.launches]

    def __call__(self) -> None:
        for launch in self.launches:
            launch()


def strides(array: np.ndarray) -> Dimensions:
    """How many numbers apart the neighbours along each axis are; the last axis is that of the lanes, 1 apart."""
    return tuple(stride // array.itemsize for stride in array.strides)


def padded(samples: int) -> int:
    """Lanes for a batch: whole warps."""
    return -(-samples // WARP) * WARP


def _three(dimensions: Dimensions) -> Dimensions:
    return (*dimensions, 1, 1)[:3]
