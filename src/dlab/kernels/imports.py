"""How Numba is imported."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from dlab.kernels import variables


@lru_cache
def numba() -> Any:
    """Numba, imported without what it would import only to see that it is there."""
    variables.check()
    with _hidden("coverage"), _unconfigured():
        import numba
    return numba


@contextmanager
def _unconfigured() -> Iterator[None]:
    """Inside, Numba does not find yaml, with which it would read settings from a file in the current folder."""
    yaml, sys.modules["yaml"] = sys.modules.get("yaml"), None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it would say so
            yield
        sys.modules["numba"].config._config_fname = ""  # it looks again whenever it compiles
    finally:
        del sys.modules["yaml"]
        sys.modules.update({"yaml": yaml} if yaml else {})


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
