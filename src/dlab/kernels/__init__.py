"""The operations of a network, each said four times: as a definition, in plain NumPy, and fast on two kinds of machine.

Every folder here is one operation.  Its page (`__init__`) states the formula, `reference.py` says it in float64, and
`cpu.py` and `cuda.py` say it on lane blocks, with the same function names and arguments.  Each function binds its
arrays and returns a call without arguments; a network is a flat list of such calls.  `gpu/` carries the `cuda.py`.
"""

from dlab.kernels.backends import CPU, CUDA, OPERATIONS, Backend, Buffer, Call, LaneBlocks, Reference
from dlab.kernels.compilation import compiling
from dlab.kernels.imports import numba

__all__ = ["CPU", "CUDA", "OPERATIONS", "Backend", "Buffer", "Call", "LaneBlocks", "Reference", "compiling"]


def backend(name: str, named: bool = False) -> Backend:
    """The backend called `name`, cuda:1 for the second GPU; `named` calls know what they are (`named.NamedCall`)."""
    found = CUDA(_number(name)) if name.startswith("cuda") else {"reference": Reference, "cpu": CPU}[name]()
    if named:
        from dlab.kernels.named import name_calls

        name_calls(found)
    return found


def no_gpu(name: str = "cuda") -> str:
    """Why cuda or cuda:N cannot be used, "" if it can."""
    from dlab.kernels.gpu.devices import missing

    return missing(_number(name))


def emulates() -> bool:
    """Whether cuda is the emulator, which stands in for a GPU in tests."""
    from dlab.kernels.gpu.devices import emulated

    return bool(emulated())


def gpu_facts(name: str = "cuda") -> dict[str, str]:
    """What a GPU is, its driver and the packages that speak to it; nothing for what is no GPU."""
    if not name.startswith("cuda"):
        return {}
    from dlab.kernels import gpu

    gpu.select(_number(name))
    return gpu.device().facts()


def _number(name: str) -> int:
    """N of cuda:N, 0 of cuda."""
    return int(name.partition(":")[2] or 0)


def fma_limit(threads: int) -> float:
    """The machine's multiply-add limit in GFLOP/s on this many threads."""
    numba()
    from dlab.kernels.limit import fma_limit

    return fma_limit(threads)


def copy_limit(threads: int) -> float:
    """The machine's memory bandwidth in GB/s on this many threads, in a copy."""
    numba()
    from dlab.kernels.limit import copy_limit

    return copy_limit(threads)


def set_threads(threads: int) -> None:
    """Use this many threads from the next call on; results do not depend on it."""
    numba().set_num_threads(threads)


def max_threads() -> int:
    """The most threads that may be asked for."""
    return numba().config.NUMBA_NUM_THREADS


def describe() -> str:
    """The vectors that kernels are compiled for."""
    from dlab.kernels.lanes import vector_registers

    return "AVX-512: a vector a register" if vector_registers() == 32 else "a vector takes two or four registers"


def threading_layer() -> str:
    """The library that runs the threads: omp, tbb or workqueue."""
    backend("cpu")
    return numba().threading_layer()
