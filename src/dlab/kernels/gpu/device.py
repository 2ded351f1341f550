"""What a device must be able to do, and which one there is."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

EMULATOR = "DLAB_CUDA_EMULATOR"


class Device(Protocol):
    """Memory, and launches that happen one after another."""

    name: str

    def take(self, content: np.ndarray, offset: int) -> Any:
        """Device memory that holds these bytes from byte `offset` on."""

    def row(self, twin: Any, start: int, count: int, kind: np.dtype) -> Any:
        """So many numbers of device memory, as a kernel's argument."""

    def read(self, twin: Any, start: int, array: np.ndarray) -> None:
        """Copy from device memory into a contiguous array, when all launches are done."""

    def write(self, twin: Any, start: int, array: np.ndarray) -> None:
        """Copy a contiguous array into device memory, before any later launch."""

    def launch(self, launch: Any) -> None:
        """Run a kernel; it need not be done when this returns."""

    def together(self, launches: Sequence[Any]) -> Any:
        """The launches as one call."""

    def wait(self) -> None:
        """Return when all launches are done."""

    def free_memory(self) -> int:
        """Bytes that can still be taken."""


def chosen() -> Device:
    """The emulator if $DLAB_CUDA_EMULATOR is set, else the GPU."""
    if os.environ.get(EMULATOR):
        from dlab.kernels.gpu.emulator import Emulator

        return Emulator(os.environ[EMULATOR])
    from dlab.kernels.gpu.hardware import Hardware

    return Hardware()
