"""Compilation: one decorator, one cache folder a user, one place to hear what is being compiled.

A kernel factory is a function of integers (tile sizes, stride) that returns a compiled kernel.  The closure holds
integers only, which lets the machine code be kept on disk (5 ms to load, up to two seconds to compile).  It depends on
other files too, so the cache folder's name carries a hash of all kernel sources.
"""

import os
from collections.abc import Callable
from functools import lru_cache, partial, wraps
from hashlib import sha256
from importlib.metadata import version
from inspect import signature as signature_of
from pathlib import Path
from time import perf_counter
from typing import Any

from numba import config, get_num_threads, njit, types
from platformdirs import user_cache_path

from dlab.errors import EnvironmentFault
from dlab.kernels import memory
from dlab.kernels.cache import KernelCache, Vault
from dlab.kernels.compilation import announce
from dlab.kernels.workers import EVERYONE, WORKER, Kernel


def sources_hash() -> str:
    """Sixteen hex digits over every source of the processor's kernels and the compiler's version."""
    digest, folder = sha256(version("numba").encode()), Path(__file__).parent
    for source in sorted(folder.rglob("*.py")):
        if not source.name.startswith("cuda") and source.parent != folder / "gpu":
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """`$DLAB_CACHE_DIR` or the user's cache folder, then a folder for these very sources."""
    base = os.environ.get("DLAB_CACHE_DIR")
    home = Path(base).absolute() if base else user_cache_path("dlab", appauthor=False)
    return home / "kernels" / sources_hash()


VAULT = Vault(cache_folder())
# gcc's OpenMP is fastest here; workqueue, which ships with Numba, is the fallback.
config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]


def floats(axes: int) -> Any:
    """The type of a float32 array with any strides: views with a margin are as good as whole arrays."""
    return types.Array(types.float32, axes, "A")


def array(kind: Any, axes: int) -> Any:
    """The type of an array of `kind` with any strides."""
    return types.Array(kind, axes, "A")


def factory(make: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel factory makes each of its kernels once, and none for a plan that only measures memory."""
    made = lru_cache(make)

    @wraps(make)
    def get(*integers: int) -> Any:
        return _nothing if memory.source().measures else made(*integers)

    return get


@partial
def _nothing(*arguments: Any) -> None:
    raise RuntimeError("a plan that only measures memory cannot run")


def kernel(*arguments: Any, parallel: bool = True, writes: str = "") -> Callable[[Callable], Callable]:
    """Compile a function for these argument types now, or load it from the cache.

    `writes` names the arrays that it changes; none means that it may change them all.

    With `parallel` the function has a worker as its first argument, and loops over that one's tasks: see `workers`.
    Returns the entry point itself: a call costs 0.3 us, without the dispatcher's look at the argument types.
    """

    def build(function: Callable) -> Callable:
        start = perf_counter()
        _start_threads()
        signature = types.void(WORKER, *arguments) if parallel else types.void(*arguments)
        made = njit(error_model="numpy")(function)
        made._cache = KernelCache(VAULT, function)
        made.compile(signature)
        if not made.stats.cache_hits:
            announce(f"{function.__module__.split('.')[-2]} {function.__name__}", perf_counter() - start)
        entry = made.overloads[signature.args].entry_point
        names = signature_of(function).parameters
        return Kernel(entry, EVERYONE, [list(names).index(name) - 1 for name in writes.split()]) if parallel else entry

    return build


def _start_threads() -> None:
    """Load the threading layer, which the machine code refers to."""
    try:
        get_num_threads()
    except ValueError as fault:
        raise EnvironmentFault(" ".join(str(fault).split())) from fault
