"""Samples that stay on disk: a lazy array whose rows are read when a batch asks for them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from dlab.layout import Shape, volume

PIECE = 1 << 21  # bytes that are looked at together

Bound = tuple[np.ndarray, np.ndarray, list[Callable[[], object]]]


class Source(Protocol):
    """Where samples come from: [M, *shape] of bytes or float32."""

    shape: Shape
    dtype: np.dtype
    array: np.ndarray | None  # the very bytes, where they can be had without a copy

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """out[n] = sample rows[n]."""
        ...

    def ahead(self, batches: Iterable[np.ndarray]) -> AbstractContextManager[Any]:
        """Inside, these rows are read before they are asked for, if that pays."""
        ...

    def contents(self, rows: np.ndarray) -> Iterator[bytes] | None:
        """What identifies these samples without reading them as numbers, if there is something."""
        ...


class Stream:
    """Rows of a source, [N, *shape], maybe as x * scale + shift: x[rows] chooses without reading, np.asarray(x) reads.

    A normalised sample is computed in float64 and rounded once, as it is for a set in memory.
    """

    def __init__(self, source: Source, rows: np.ndarray | None = None, scaling: tuple[Any, Any] | None = None):
        self.source, self.scaling = source, scaling
        self.rows = np.arange(source.shape[0]) if rows is None else rows
        self.shape: Shape = (len(self.rows), *source.shape[1:])
        self.dtype, self.ndim, self.size = source.dtype, len(self.shape), volume(self.shape)
        self.nbytes = self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice | np.ndarray) -> "Stream":
        return Stream(self.source, self.rows[rows], self.scaling)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        out = np.empty(self.shape, self.dtype)
        start = 0
        for piece in self.pieces():
            out[start : start + len(piece)] = piece
            start += len(piece)
        return out if dtype is None else out.astype(dtype, copy=False)

    def pieces(self) -> Iterator[np.ndarray]:
        """All samples, some after others."""
        parts = [np.arange(start, stop) for start, stop in cuts(self)]
        with self.ahead(parts) if len(parts) > 1 else nullcontext():
            for part in parts:
                out = np.empty((len(part), *self.shape[1:]), self.dtype)
                self.read(part, out)
                yield out

    def scaled(self, scale: Any, shift: Any) -> "Stream":
        """The same samples as x * scale + shift."""
        return Stream(self.source, self.rows, (scale, shift))

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """out[n] = sample rows[n], normalised; shapes: rows [n] -> out [n, *shape]."""
        self.source.read(self.rows[rows], out)
        if self.scaling:
            scale, shift = self.scaling
            out[...] = out * scale + shift

    def ahead(self, batches: Iterable[np.ndarray]) -> AbstractContextManager[Any]:
        """Inside, these batches are read before they are asked for, if that pays."""
        return self.source.ahead(self.rows[rows] for rows in batches)

    def bind(self, rows: np.ndarray, apart: bool = False) -> Bound:
        """(data [M, features], numbers [n], calls): after the calls, data[numbers] are the samples `rows`."""
        if self.source.array is None or self.scaling or apart:
            return self._staged(rows)
        data, own = self.source.array, rows.copy()
        return data.reshape(len(data), -1), own, [partial(np.take, self.rows, rows, out=own, mode="clip")]

    def _staged(self, rows: np.ndarray) -> Bound:
        staged, held = np.zeros((len(rows), *self.shape[1:]), self.dtype), np.full(len(rows), -1)

        def fetch() -> None:
            if not np.array_equal(rows, held):  # who looks at the same samples again and again reads them once
                held[:] = -1
                self.read(rows, staged)
                held[:] = rows

        return staged.reshape(len(rows), -1), np.arange(len(rows)), [fetch]

    def contents(self) -> Iterator[bytes] | None:
        """What identifies the samples without reading them as numbers, if there is something."""
        return self.source.contents(self.rows)


class Mapped:
    """Rows of an array in a mapped file, as bytes or as float32; the system keeps in memory what there is room for."""

    def __init__(self, array: np.ndarray, dtype: type):
        self.whole, self.shape, self.dtype = np.asarray(array), array.shape, np.dtype(dtype)
        self.array = self.whole if self.whole.dtype == self.dtype == np.uint8 else None

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """out[n] = sample rows[n]."""
        out[...] = self.whole[rows]

    def ahead(self, batches: Iterable[np.ndarray]) -> AbstractContextManager[Any]:
        """Nothing: the system reads ahead."""
        return nullcontext()

    def contents(self, rows: np.ndarray) -> None:
        """Nothing: reading the numbers is as cheap."""


class OneHot:
    """Targets of classes, [N, K] with a one in column labels[n]: numbers only where they are looked at."""

    dtype = np.dtype(np.float32)

    def __init__(self, labels: np.ndarray, classes: int):
        self.labels, self.shape = labels, (len(labels), classes)
        self.nbytes = self.dtype.itemsize * volume(self.shape)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | np.ndarray) -> "OneHot":
        return OneHot(self.labels[rows], self.shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._whole if dtype is None else self._whole.astype(dtype)

    @cached_property
    def _whole(self) -> np.ndarray:
        made = np.zeros(self.shape, self.dtype)
        made[np.arange(len(self)), self.labels] = 1
        return made


def cuts(x: Any) -> list[tuple[int, int]]:
    """(start, stop) of the samples that are looked at together, where a whole set has to be."""
    step = max(1, PIECE * len(x) // max(1, x.nbytes))
    return [(start, min(start + step, len(x))) for start in range(0, len(x), step)]


def pieces(x: Any) -> Iterator[np.ndarray]:
    """An array or a stream, some samples after others."""
    return x.pieces() if isinstance(x, Stream) else (x[start:stop] for start, stop in cuts(x))
