"""Images of noise, to see what a network costs on images of any size."""

from dataclasses import dataclass

import numpy as np

from dlab.data.dataset import Count, Data, classified
from dlab.data.room import BYTES, afford
from dlab.data.sets.toy import Drawn
from dlab.layout import Shape
from dlab.registry import DATASETS

SIZE, TEST_SHARE = 32, 5  # pixels a side; one of so many images is for testing


@DATASETS.register("noise-images")
@dataclass(frozen=True, kw_only=True)
class NoiseImages(Drawn):
    """Bytes and labels by chance, in images of `size` x `size`: they stand in for photographs of that size.

    There is nothing to learn.  shapes: (channels, size, size) -> classes
    """

    channels: Count = 3
    samples: Count = 1000
    classes: Count = 10

    def peek(self) -> tuple[Shape, int]:
        return (self.channels, self.size or SIZE, self.size or SIZE), self.classes

    def counts(self) -> tuple[int, int]:
        test = -(-self.samples // TEST_SHARE)
        return self.samples - test, test

    def load(self, seed: int = 0) -> Data:
        afford(self, self.samples, BYTES)
        random, (shape, _) = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, 13)))), self.peek()
        x = random.integers(0, 256, (self.samples, *shape), np.uint8)
        labels = random.integers(0, self.classes, self.samples)
        whole, (train, _) = classified(x, labels, self.classes, self.type_name), self.counts()
        test = None if self.holdout else whole.take(np.arange(train, self.samples))
        return self.finish(whole.first(train) if test else whole, test, tuple(map(str, range(self.classes))), seed)
