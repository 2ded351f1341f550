"""Which samples make which batch."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dlab.training.randomness import ORDER, SAMPLING, stream


@dataclass(frozen=True)
class Batches:
    """The rows of every step, from (seed, epoch, batch) alone; an epoch is samples / batch batches, rounded up.

    shuffle: an epoch is one permutation, cut into batches; the last one may be smaller.
    replacement: an epoch is as many batches of `batch` rows drawn at random.
    """

    samples: int
    batch: int
    sampling: str
    seed: int

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch."""
        return -(-self.samples // self.batch)

    def rows(self, step: int) -> np.ndarray:
        """Row numbers of the batch of step 0, 1, ..."""
        epoch, number = divmod(step, self.per_epoch)
        return _order(self, epoch)[number * self.batch : (number + 1) * self.batch]


@lru_cache(maxsize=2)  # the present epoch, and the next one where batches are read ahead
def _order(batches: Batches, epoch: int) -> np.ndarray:
    """The rows of an epoch, one after another."""
    if batches.sampling == "replacement":
        count = batches.per_epoch * batches.batch
        return stream(batches.seed, SAMPLING, epoch).integers(0, batches.samples, count)
    return stream(batches.seed, ORDER, epoch).permutation(batches.samples)
