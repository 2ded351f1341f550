"""Which samples make which batch."""

from dataclasses import dataclass, field

import numpy as np

from dlab.training.randomness import ORDER, SAMPLING, stream


@dataclass
class Batches:
    """The rows of every step, from (seed, epoch, batch) alone.

    shuffle: an epoch is one permutation, cut into batches; the last one may be smaller.
    replacement: every batch draws `batch` rows at random; an epoch is samples / batch of them, rounded up.
    """

    samples: int
    batch: int
    sampling: str
    seed: int
    _epoch: int = field(default=-1, repr=False)
    _order: np.ndarray | None = field(default=None, repr=False)

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch."""
        return -(-self.samples // self.batch)

    def rows(self, step: int) -> np.ndarray:
        """Row numbers of the batch of step 0, 1, ..."""
        epoch, number = divmod(step, self.per_epoch)
        if self.sampling == "replacement":
            return stream(self.seed, SAMPLING, epoch, number).integers(0, self.samples, self.batch)
        if epoch != self._epoch:
            self._order = stream(self.seed, ORDER, epoch).permutation(self.samples)
            self._epoch = epoch
        assert self._order is not None
        return self._order[number * self.batch : (number + 1) * self.batch]
