"""One split of a data set."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlab.data.stream import Bound, Stream


@dataclass(frozen=True)
class Samples:
    """One split: x [N, *shape] uint8 or float32, labels int32 [N] (None without classes), targets float32 [N, K].

    x lies in memory or is a stream from disk; `bind` and `ahead` are how batches of either are had.
    """

    x: Any
    labels: np.ndarray | None
    targets: Any

    def bind(self, rows: np.ndarray, apart: bool = False) -> Bound:
        """(data [M, features], numbers [N], calls): after the calls, data[numbers] are the samples `rows`.

        apart: whether kernels have a memory of their own, which samples that stay on disk reach a batch at a time
        """
        return self.x.bind(rows, apart) if self.streams else (self.x.reshape(len(self.x), -1), rows, [])

    @property
    def streams(self) -> bool:
        """Whether samples stay on disk, and a batch is read when it comes."""
        return isinstance(self.x, Stream)

    def ahead(self, batches: Iterable[np.ndarray]) -> AbstractContextManager[Any]:
        """Inside, these batches may be read before they are asked for; nothing where the samples are in memory."""
        return self.x.ahead(batches) if isinstance(self.x, Stream) else nullcontext()

    @property
    def memory(self) -> int:
        """Bytes of memory that x takes."""
        return 0 if isinstance(self.x, Stream) else self.x.nbytes

    def resident(self) -> "Samples":
        """The same samples in memory."""
        return Samples(np.asarray(self.x), self.labels, self.targets)

    def first(self, count: int | None) -> "Samples":
        """The first `count` samples."""
        labels = None if self.labels is None else self.labels[:count]
        return Samples(self.x[:count], labels, self.targets[:count])

    def take(self, rows: np.ndarray) -> "Samples":
        """The samples in these rows."""
        return Samples(self.x[rows], None if self.labels is None else self.labels[rows], self.targets[rows])
