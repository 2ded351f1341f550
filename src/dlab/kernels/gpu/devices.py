"""What a device must be able to do, and which one there is."""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

EMULATOR = "DLAB_CUDA_EMULATOR"


class Device(Protocol):
    """Memory, and launches that happen one after another."""

    name: str
    number: int

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

    def facts(self) -> dict[str, str]:
        """What it is, and what speaks to it."""


def emulated() -> str:
    """The order of the emulator's threads, "" if a GPU is wanted."""
    return os.environ.get(EMULATOR, "")


def missing(number: int) -> str:
    """Why the device of this number cannot be used, "" if it can."""
    if emulated():
        return ""
    if find_spec("numba_cuda") is None:  # a machine without a GPU need not load anything to know
        return "the package numba-cuda is not installed: pip install 'dlab-courses[cuda]'"
    from dlab.kernels.gpu import hardware

    return hardware.missing(number)


def chosen(number: int) -> Device:
    """The emulator if $DLAB_CUDA_EMULATOR is set, else the GPU of this number."""
    if emulated():
        from dlab.kernels.gpu.emulator import Emulator

        return Emulator(emulated(), number)
    from dlab.kernels.gpu.hardware import Hardware

    return Hardware(number)
