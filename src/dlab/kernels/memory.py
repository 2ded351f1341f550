"""Where the arrays of kernels come from: memory of their own, unless somebody lends it.

Arrays start on a cache line: a 64-byte vector that straddles two lines costs two loads.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from dlab.layout import Shape

LINE = 64


def aligned(shape: Shape, kind: Any = np.float32) -> np.ndarray:
    """A zeroed C-ordered array whose first byte lies on a cache line."""
    size = prod(shape) * np.dtype(kind).itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(kind).reshape(shape)


def hollow(shape: Shape, kind: Any = np.float32) -> np.ndarray:
    """An array of this shape that takes no memory and cannot be written, to see what would be done with a real one."""
    return np.broadcast_to(np.zeros((), kind), shape)


class Source:
    """Lends memory; this one gives every array its own.

    measures: whether arrays are hollow and kernels are not wanted
    """

    measures = False

    def live(self, kind: str, first: int, last: int) -> None:
        """What is asked for from now on is of this kind, and in use from one moment of its plan to another."""

    def zeros(self, shape: Shape, kind: Any, form: Hashable) -> np.ndarray:
        """An array that is zero at first; with a form, what nobody writes stays zero."""
        return aligned(shape, kind)

    def workspace(self, shapes: Sequence[Shape]) -> list[np.ndarray]:
        """Arrays for the numbers that one call needs only while it runs."""
        return [aligned(shape) for shape in shapes]


_sources = [Source()]


def source() -> Source:
    """Who lends memory at present."""
    return _sources[-1]


@contextmanager
def lent_by(other: Source) -> Iterator[None]:
    """Arrays that are asked for inside the block come from this source."""
    _sources.append(other)
    try:
        yield
    finally:
        _sources.pop()


def workspace(*shapes: Shape) -> list[np.ndarray]:
    """Float32 arrays for one call: whatever they held is gone when the next call begins, so none starts from zero."""
    return source().workspace(shapes)


def as_images(x: np.ndarray) -> np.ndarray:
    """Lane blocks of vectors [B, I, 16] seen as one-pixel images [B, I, 1, 1, 16]; images as they are."""
    return x if x.ndim == 5 else x[:, :, None, None, :]
