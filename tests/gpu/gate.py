"""The compile gate: every kernel of real plans as machine code for real GPUs, on a machine that has none.

    python -m tests.gpu.gate           what each kernel takes; fails where it spills, computes in float64 or takes more
                                       than tests/gpu/ceilings.json allows
    python -m tests.gpu.gate --write   write what they take now as the ceilings

It needs the extra `gpu-ci`: NVIDIA's compiler and linker, the same that run on a machine with a GPU.
"""

import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from dlab.registry import OPTIMIZERS
from tests.gpu import plans

CEILINGS = Path(__file__).with_name("ceilings.json")
CAPABILITIES = (9, 0), (7, 5)
NEWEST = 9, 0  # of the PTX language: a driver for CUDA 13.0 knows no newer one
LIMITS = ("registers", "shared")  # have a ceiling each
NEVER = ("stack", "spilled", "doubles")  # bytes and instructions that no kernel may have


def label(kernel: Any) -> str:
    """convolution.cuda forward: the file and the name of a kernel's function."""
    folder, file = kernel.py_func.__module__.split(".")[-2:]
    return f"{folder}.{file} {kernel.py_func.__name__}"


def wanted(names: Any = plans.NETWORKS) -> dict[tuple[Any, tuple[Any, ...]], Any]:
    """A launch of every distinct kernel, by the kernel and its arguments' types."""
    found: dict[tuple[Any, tuple[Any, ...]], Any] = {}
    for name in names:
        for launch in plans.launches(*plans.of(name)):
            found.setdefault((launch.kernel, _kinds(launch)), launch)
    for name in OPTIMIZERS:
        for launch in plans.launches(*plans.of("lenet"), OPTIMIZERS[name]()):
            found.setdefault((launch.kernel, _kinds(launch)), launch)
    return found


def _kinds(launch: Any) -> tuple[Any, ...]:
    """Of each argument: (number type, whether it is a row of memory)."""
    return tuple((a, True) if isinstance(a, np.dtype) else (a.dtype, False) for a in launch.arguments)


def _signature(kinds: tuple[Any, ...]) -> Any:
    from numba import types
    from numba.np.numpy_support import from_dtype

    return types.void(*(types.Array(from_dtype(kind), 1, "C") if row else from_dtype(kind) for kind, row in kinds))


def built(kernel: Any, signature: Any, capability: tuple[int, int]) -> dict[str, int]:
    """What a kernel takes, by the way that it is built at run time: NVVM, then the linker's own optimiser."""
    from cuda.bindings import nvjitlink
    from numba import cuda

    options = {"device": False, "abi": "numba", "cc": capability}
    codes, _ = cuda.compile_all(kernel.py_func, signature, output="ltoir", **options)
    ptx = "\n".join(
        p for p in cuda.compile_all(kernel.py_func, signature, output="ptx", **options)[0] if isinstance(p, str)
    )
    switches = ["-arch=sm_{}{}".format(*capability), "-lto", "-verbose"]
    handle = nvjitlink.create(len(switches), switches)
    for code in codes:
        content = code if isinstance(code, bytes) else bytes(code.code)
        nvjitlink.add_data(handle, nvjitlink.InputType.LTOIR, content, len(content), kernel.py_func.__name__)
    nvjitlink.complete(handle)
    log = bytearray(nvjitlink.get_info_log_size(handle))
    nvjitlink.get_info_log(handle, log)
    nvjitlink.destroy(handle)
    return _read(log.decode(errors="replace"), ptx)


def _read(log: str, ptx: str) -> dict[str, int]:
    def most(pattern: str) -> int:
        return max(map(int, re.findall(pattern, log)), default=0)

    language = max(tuple(map(int, pair)) for pair in re.findall(r"\.version (\d+)\.(\d+)", ptx))
    return {
        "registers": most(r"Used (\d+) registers"),
        "shared": most(r"(\d+) bytes smem"),
        "stack": most(r"(\d+) bytes stack frame"),
        "spilled": most(r"(\d+) bytes spill stores") + most(r"(\d+) bytes spill loads"),
        "doubles": len(re.findall(r"\b(?:add|sub|mul|div|fma|cvt)\.[\w.]*f64", ptx)),
        "newer": int(language > NEWEST),
    }


def measured(capability: tuple[int, int]) -> list[tuple[str, dict[str, int]]]:
    """(label, what it takes) of every distinct kernel."""
    import numba.cuda.dispatcher as dispatcher

    # A kernel that calls a device function asks which GPU there is.
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=capability)
    return [(label(kernel), built(kernel, _signature(kinds), capability)) for kernel, kinds in wanted()]


def faults(name: str, taken: dict[str, int], ceilings: dict[str, dict[str, int]]) -> Iterator[str]:
    """What is wrong with a kernel."""
    for what in (*NEVER, "newer"):
        if taken[what]:
            yield f"{name}: {what} {taken[what]}"
    for what in LIMITS:
        if taken[what] > ceilings.get(name, {}).get(what, -1):
            yield f"{name}: {what} {taken[what]}, the ceiling is {ceilings.get(name, {}).get(what)}"


def main() -> int:
    """Print a line for every kernel; the exit code is 1 where something is wrong."""
    write = "--write" in sys.argv
    ceilings = {} if write else json.loads(CEILINGS.read_text())
    most: dict[str, dict[str, int]] = {}
    wrong: list[str] = []
    with ProcessPoolExecutor(len(CAPABILITIES), get_context("spawn")) as processes:
        found = [pair for pairs in processes.map(measured, CAPABILITIES) for pair in pairs]
    for name, taken in found:
        print(f"{name:48}", *(f"{what} {taken[what]}" for what in (*LIMITS, *NEVER)), sep="  ")
        own = most.setdefault(name, dict.fromkeys(LIMITS, 0))
        most[name] = {what: max(own[what], taken[what]) for what in LIMITS}
        wrong += faults(name, taken, most if write else ceilings)
    if write:
        CEILINGS.write_text(json.dumps(dict(sorted(most.items())), indent=1) + "\n")
    print(*dict.fromkeys(wrong), sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
