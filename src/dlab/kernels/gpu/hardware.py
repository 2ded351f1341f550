"""A GPU, through numba-cuda: memory, launches on one stream, and graphs of launches.

What follows one another on the stream happens in that order, copies too.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from dlab.errors import EnvironmentFault
from dlab.kernels.gpu.language import cuda

EAGER = "DLAB_CUDA_EAGER"  # set it to launch kernels one by one, for debugging
OLDEST = 7, 5  # compute capability
PACKAGES = "numba-cuda", "cuda-core", "cuda-bindings", "nvidia-cuda-nvvm", "nvidia-nvvm", "nvidia-nvjitlink"
FAULTS = "CudaAPIError", "CudaDriverError", "CudaSupportError", "CUDAError", "LinkerError", "NvvmError"


def missing(number: int) -> str:
    """Why there is no GPU of this number to use, "" if there is one."""
    if getattr(cuda, "implementation", "") != "NVIDIA":
        return (
            "Numba's own CUDA target is loaded in place of NVIDIA's numba-cuda: install numba-cuda with pip once more"
        )
    if not cuda.is_available():
        return f"no NVIDIA GPU answers ({_first_line(cuda.cuda_error()) or 'none was found'})"
    driver, spoken = cuda.cudadrv.driver.get_version(), int(version("cuda-bindings").split(".")[0])
    if driver[0] < spoken:
        old = f"the NVIDIA driver knows CUDA {driver[0]}.{driver[1]}, and the installed packages speak {spoken}"
        return f"{old}: update the driver, or install numba-cuda[cu{driver[0]}]"
    if number >= len(cuda.gpus):
        return f"there is no cuda:{number}: this machine has {len(cuda.gpus)} GPU, counted from cuda:0"
    able = cuda.gpus[number].compute_capability
    return "" if able >= OLDEST else f"this GPU has compute capability {able[0]}.{able[1]}, and 7.5 or more is needed"


class Hardware:
    """One GPU of this machine."""

    name = "gpu"

    def __init__(self, number: int = 0):
        if reason := missing(number):
            raise EnvironmentFault(reason)
        from cuda.core import Device

        self.number = number
        with _told():
            cuda.select_device(number)
            self._device = Device(number)
            self._device.set_current()
            self._stream = self._device.create_stream()

    def take(self, content: np.ndarray, offset: int) -> Any:
        """Device memory that holds a copy of the bytes from byte `offset` on."""
        with _told():
            twin = cuda.device_array(offset + content.size, np.uint8)
        if content.size:
            self.write(twin, offset, content)
        return twin

    def row(self, twin: Any, start: int, count: int, kind: np.dtype) -> Any:
        """A part of device memory as an array of numbers."""
        return twin[start : start + count * kind.itemsize].view(kind)

    def read(self, twin: Any, start: int, array: np.ndarray) -> None:
        """Copy into a contiguous array, when all launches are done."""
        with _told():
            self.row(twin, start, array.size, array.dtype).copy_to_host(array, stream=self._stream)
            self._stream.sync()

    def write(self, twin: Any, start: int, array: np.ndarray) -> None:
        """Copy from a contiguous array, which may change as soon as this returns."""
        with _told():
            self.row(twin, start, array.size, array.dtype).copy_to_device(array, stream=self._stream)
            self._stream.sync()

    def launch(self, launch: Any) -> None:
        """Put a kernel on the stream."""
        with _told():
            launch.kernel[launch.grid, launch.block, self._stream](*launch.arguments)

    def together(self, launches: Sequence[Callable[[], None]]) -> Callable[[], None]:
        """A graph of the launches, or these one by one if $DLAB_CUDA_EAGER is set."""
        return Graph(self, launches, eager=bool(os.environ.get(EAGER)))

    def record(self, launches: Sequence[Any]) -> tuple[Any, Any]:
        """The launches as a graph, which does not run them; the builder has to live as long."""
        with _told(), cuda.defer_cleanup():
            builder = self._device.create_graph_builder().begin_building()
            for launch in launches:
                launch.kernel[launch.grid, launch.block, builder](*launch.arguments)
            graph = builder.end_building().complete()
            graph.upload(self._stream)
            return graph, builder

    def replay(self, graph: Any) -> None:
        """Put a graph on the stream."""
        with _told():
            graph.launch(self._stream)

    def wait(self) -> None:
        """Return when all launches are done."""
        with _told():
            self._stream.sync()

    def free_memory(self) -> int:
        """Bytes that can still be taken."""
        with _told():
            return cuda.current_context().get_memory_info().free

    def facts(self) -> dict[str, str]:
        """Name, capability, memory, driver, and the versions of what speaks to it."""
        gpu, driver = cuda.gpus[self.number], cuda.cudadrv.driver.get_version()
        able, memory = gpu.compute_capability, cuda.current_context().get_memory_info().total
        name = gpu.name.decode() if isinstance(gpu.name, bytes) else str(gpu.name)
        found = {"gpu": name, "capability": f"{able[0]}.{able[1]}", "memory": f"{memory / 1e9:.0f} GB"}
        return found | {"driver": f"CUDA {driver[0]}.{driver[1]}"} | _versions()


class Graph:
    """Launches that run one by one at first, when kernels are compiled; then they are recorded, and replayed."""

    def __init__(self, device: Hardware, launches: Sequence[Callable[[], None]], eager: bool):
        self._device, self._launches, self._eager = device, launches, eager
        self._begun = False
        self._recorded: tuple[Any, Any] | None = None

    def __call__(self) -> None:
        if self._eager or not self._begun:
            self._begun = True
            for launch in self._launches:
                launch()
            return
        if self._recorded is None:
            self._recorded = self._device.record(self._launches)
        self._device.replay(self._recorded[0])


@contextmanager
def _told() -> Iterator[None]:
    """What the driver says becomes a sentence."""
    try:
        yield
    except Exception as fault:
        if type(fault).__name__ not in FAULTS:
            raise
        raise EnvironmentFault(_sentence(str(fault))) from fault


def _sentence(said: str) -> str:
    if "OUT_OF_MEMORY" in said:
        return "the GPU's memory is full: try a smaller train.batch_size or train.eval_batch, or --device cpu"
    return f"the GPU does not answer any more, or its driver fails ({_first_line(said)}). `dlab doctor` looks at it"


def _first_line(said: Any) -> str:
    return next((line.strip() for line in str(said or "").splitlines() if line.strip()), "")


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            pass
    return found
