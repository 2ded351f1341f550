"""The three backends offer the same operations."""

import inspect
from importlib import import_module

import pytest

from dlab import kernels

ONLY = {"mix"}  # what the reference shows and the others have no use for


def _offered(operation, backend):
    """The public functions of an operation, with their arguments."""
    module = import_module(f"dlab.kernels.{operation}.{backend}")
    found = inspect.getmembers(module, inspect.isfunction)
    own = {name: f for name, f in found if f.__module__ == module.__name__ and not name.startswith("_")}
    return {name: list(inspect.signature(f).parameters) for name, f in own.items() if name not in ONLY}


@pytest.mark.parametrize("backend", ["cpu", "cuda"])
@pytest.mark.parametrize("operation", kernels.OPERATIONS)
def test_all_offer_the_same_functions_with_the_same_arguments(operation, backend):
    assert _offered(operation, backend) == _offered(operation, "reference")
