"""Calls that know what they are: for whoever wants to see where the time of a plan goes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlab.kernels import OPERATIONS, Backend, Call


@dataclass(frozen=True, eq=False)
class NamedCall:
    """A kernel call with its operation, its function and the arguments that it is bound to."""

    operation: str
    function: str
    arguments: tuple[Any, ...]
    call: Call

    def __call__(self) -> object:
        return self.call()

    @property
    def launches(self) -> Any:
        """The launches on a GPU that it consists of; calls for the processor have none."""
        return self.call.launches  # type: ignore[attr-defined]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays that it works on, each counted once; of a data set, the rows of one batch."""
        source, rows = self.arguments[:2]
        arguments = (source[: len(rows)], *self.arguments[1:]) if self.operation == "gather" else self.arguments
        return sum({id(array): array.nbytes for array in _arrays(arguments)}.values())


def name_calls(ops: Backend) -> None:
    """Let the backend's operations return calls that know what they are."""
    for operation in OPERATIONS:
        setattr(ops, operation, _Naming(operation, getattr(ops, operation)))


class _Naming:
    """An operation's module whose functions return named calls."""

    def __init__(self, operation: str, module: Any):
        self._operation, self._module = operation, module

    def __getattr__(self, function: str) -> Callable[..., NamedCall]:
        bind = getattr(self._module, function)

        def bound(*arguments: Any, **options: Any) -> NamedCall:
            call = bind(*arguments, **options)
            return NamedCall(self._operation, function, (*arguments, *options.values()), call)

        return bound


def _arrays(arguments: Any) -> Iterator[np.ndarray]:
    """The arrays among arguments and in lists of them."""
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            yield argument
        elif isinstance(argument, list | tuple):
            yield from _arrays(argument)
