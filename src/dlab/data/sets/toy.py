"""Small sets that the lectures draw on the board."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dlab.data.dataset import Count, Data, DataSet, classified, hold_out
from dlab.data.room import afford
from dlab.data.samples import Samples
from dlab.layout import Shape
from dlab.registry import DATASETS

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
TRUTH = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "nand": (1, 1, 1, 0), "xor": (0, 1, 1, 0)}


@dataclass(frozen=True, kw_only=True)
class TruthTable(DataSet):
    """Two bits in, one out; the four rows are both training and test data; shapes: (2,) -> 1."""

    def peek(self) -> tuple[Shape, int]:
        return (2,), 1

    def table(self, kind: str, seed: int) -> Data:
        """The four rows of a gate."""
        rows = Samples(CORNERS.copy(), None, np.array(TRUTH[kind], np.float32)[:, None])
        return self.finish(rows, rows, None, seed)


@DATASETS.register("xor")
@dataclass(frozen=True, kw_only=True)
class Xor(TruthTable):
    """What a single perceptron cannot do and two layers can; source: L4 (T30)."""

    def load(self, seed: int = 0) -> Data:
        return self.table("xor", seed)


@DATASETS.register("gate")
@dataclass(frozen=True, kw_only=True)
class Gate(TruthTable):
    """What a single perceptron can do; source: L4 (T30)."""

    kind: Literal["and", "or", "nand"] = "and"

    def load(self, seed: int = 0) -> Data:
        return self.table(self.kind, seed)


class Drawn(DataSet):
    """A set that is drawn at random."""

    @property
    def seeded(self) -> bool:
        return True


@DATASETS.register("spiral")
@dataclass(frozen=True, kw_only=True)
class Spiral(Drawn):
    """Three arms wound around each other, `samples` points each, a fifth held out; shapes: (2,) -> 3 classes."""

    samples: Count = 100

    def peek(self) -> tuple[Shape, int]:
        return (2,), 3

    def load(self, seed: int = 0) -> Data:
        afford(self, 3 * self.samples)
        random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, 10))))
        labels = np.repeat(np.arange(3), self.samples)
        radius = np.tile(np.arange(self.samples) / self.samples, 3)
        angle = 4 * (labels + radius) + 0.2 * random.standard_normal(len(radius))
        x = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1).astype(np.float32)
        whole = classified(x, labels, 3, "spiral")
        return self.finish(*hold_out(whole, self.holdout or 0.2, seed), ("0", "1", "2"), seed)


@DATASETS.register("prices")
@dataclass(frozen=True, kw_only=True)
class Prices(Drawn):
    """Toy regression: a price that is linear in area, rooms and age, with noise; shapes: (3,) -> 1; source: L4."""

    samples: Count = 500

    def peek(self) -> tuple[Shape, int]:
        return (3,), 1

    def load(self, seed: int = 0) -> Data:
        afford(self, self.samples)
        random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, 11))))
        x = np.stack(
            [
                random.uniform(20, 150, self.samples),
                random.integers(1, 7, self.samples),
                random.uniform(0, 60, self.samples),
            ],
            axis=1,
        ).astype(np.float32)
        price = 0.02 * x[:, 0] + 0.1 * x[:, 1] - 0.01 * x[:, 2] + 0.1 * random.standard_normal(self.samples)
        whole = Samples(x, None, price.astype(np.float32)[:, None])
        return self.finish(*hold_out(whole, self.holdout or 0.2, seed), None, seed)


@DATASETS.register("noise")
@dataclass(frozen=True, kw_only=True)
class Noise(Drawn):
    """Numbers from N(0, 1) with labels by chance, a fifth held out; shapes: (features,) -> classes; source: L3 (X1).

    There is nothing to learn: it shows what a network does to its input, or how it memorises.
    """

    features: Count = 100
    samples: Count = 1000
    classes: Count = 10
    normalize: Literal["none", "unit", "standard"] = "none"

    def peek(self) -> tuple[Shape, int]:
        return (self.features,), self.classes

    def load(self, seed: int = 0) -> Data:
        afford(self, self.samples)
        random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, 12))))
        x = random.standard_normal((self.samples, self.features), np.float32)
        whole = classified(x, random.integers(0, self.classes, self.samples), self.classes, "noise")
        return self.finish(*hold_out(whole, self.holdout or 0.2, seed), tuple(map(str, range(self.classes))), seed)
