"""Which samples make which batch."""

from dataclasses import dataclass, field

import numpy as np

from dlab.training.randomness import ORDER, SAMPLING, stream


@dataclass
class Batches:
    """The rows of every step, from (seed, epoch, batch) alone; an epoch is samples / batch batches, rounded up.

    shuffle: an epoch is one permutation, cut into batches; the last one may be smaller.
    replacement: an epoch is as many batches of `batch` rows drawn at random.
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
        if epoch != self._epoch:
            self._order, self._epoch = self._drawn(epoch), epoch
        assert self._order is not None
        return self._order[number * self.batch : (number + 1) * self.batch]

    def _drawn(self, epoch: int) -> np.ndarray:
        """The rows of an epoch, one after another."""
        if self.sampling == "replacement":
            return stream(self.seed, SAMPLING, epoch).integers(0, self.samples, self.per_epoch * self.batch)
        return stream(self.seed, ORDER, epoch).permutation(self.samples)
