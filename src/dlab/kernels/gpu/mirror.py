"""Every array that a kernel sees has a twin on the device.

The twin of an array is the twin of the memory it is a view of, at the same distance from its beginning.  So NumPy does
all arithmetic of views, and an array that only kernels touch costs the host addresses, but no memory.
"""

import weakref
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from dlab.kernels.gpu.devices import Device

ALIGNMENT = 256  # of device memory: an array begins as far from such an address on either side


class Mirrors:
    """The arrays known to a device; a twin is made when first asked for, as a copy, and lives as long as the array."""

    def __init__(self, device: Device):
        self.device = device
        self._twins: dict[int, Any] = {}

    def row(self, array: np.ndarray) -> Any:
        """The device's numbers from the first of the array to its last, whatever lies between."""
        twin, start = self._find(array)
        return self.device.row(twin, start, _span(array), array.dtype)

    def fetch(self, array: np.ndarray) -> np.ndarray:
        """Copy from the device, when all launches are done; returns the array."""
        if array.size:
            twin, start = self._find(array)
            self.device.read(twin, start, as_strided(array, (_span(array),), (array.itemsize,)))
        return array

    def send(self, array: np.ndarray) -> None:
        """Copy a contiguous array to the device, before any later launch."""
        if array.size:
            twin, start = self._find(array)
            self.device.write(twin, start, array.reshape(-1))

    def _find(self, array: np.ndarray) -> tuple[Any, int]:
        """The twin of what the array is a view of, and the byte in it where the array begins."""
        root = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        first = root.ctypes.data // ALIGNMENT * ALIGNMENT
        if id(root) not in self._twins:
            content = root.reshape(-1, order="A").view(np.uint8)
            self._twins[id(root)] = self.device.take(content, root.ctypes.data - first)
            weakref.finalize(root, self._twins.pop, id(root), None)
        return self._twins[id(root)], array.ctypes.data - first


def _span(array: np.ndarray) -> int:
    """Numbers from the first of an array to its last."""
    steps = zip(array.shape, array.strides, strict=True)
    return 1 + sum((size - 1) * stride // array.itemsize for size, stride in steps) if array.size else 0
