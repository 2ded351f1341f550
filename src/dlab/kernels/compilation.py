"""Who wants to hear of kernels that are compiled; without Numba, which is imported while data are being read."""

from collections.abc import Callable

Listener = Callable[[str, int, float], None]
_listeners: list[Listener] = []
compiled: list[str] = []


def compiling(listener: Listener) -> None:
    """Call `listener(kernel, kernels compiled so far, seconds)` after each kernel that has to be compiled."""
    _listeners.append(listener)


def announce(name: str, seconds: float) -> None:
    """Tell all of them that a kernel has been compiled."""
    compiled.append(name)
    for listener in _listeners:
        listener(name, len(compiled), seconds)
