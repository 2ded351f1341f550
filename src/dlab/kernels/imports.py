"""How Numba is imported."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


@lru_cache
def numba() -> Any:
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
