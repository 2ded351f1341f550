"""The resident data set and the rows of each batch; every peer sees the same."""

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LR, MOMENTUM, SCALE = 0.01, 0.9, 1 / 255
NOISE = 256  # images


@dataclass(frozen=True)
class Samples:
    """images: uint8 [N, channels, side, side]; labels: int32 [N]."""

    images: np.ndarray
    labels: np.ndarray

    def first(self, count: int) -> "Samples":
        """So many of them."""
        return Samples(self.images[:count], self.labels[:count])


def load(shape: tuple[int, int, int], classes: int = 10, split: str = "train") -> Samples:
    """A split of MNIST, train or t10k, from $DLAB_DATA with zeros around its images up to the shape's side.

    An imitation where it is not found, noise for images of several channels.
    """
    channels, side, _ = shape
    if channels > 1:
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (NOISE, *shape), dtype=np.uint8)
        return Samples(images, random.integers(0, classes, NOISE, dtype=np.int32))
    if source() == "imitation":
        return _imitation(side)
    folder = _folder()
    images = _idx(folder / f"{split}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    labels = _idx(folder / f"{split}-labels-idx1-ubyte.gz", 8).astype(np.int32)
    margin = (side - 28) // 2
    edges = ((0, 0), (0, 0), (margin, margin), (margin, margin))
    return Samples(np.ascontiguousarray(np.pad(images, edges)), labels)


def source() -> str:
    """ "mnist" or "imitation"."""
    return "mnist" if (_folder() / "train-images-idx3-ubyte.gz").exists() else "imitation"


def rows(samples: Samples, batch: int) -> Callable[[], np.ndarray]:
    """A call that draws the rows of the next batch: the same sequence for every peer."""
    random, count = np.random.default_rng(1), len(samples.labels)
    return lambda: random.integers(0, count, batch)


def _folder() -> Path:
    return Path(os.environ.get("DLAB_DATA", ".")) / "mnist"


def _idx(path: Path, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def _imitation(side: int, count: int = 60_000) -> Samples:
    """Ten random pictures, each sample one of them with about half of its pixels black."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, count, dtype=np.int32)
    pictures = random.integers(0, 256, (10, 1, side, side), dtype=np.uint8)
    seen = random.integers(0, 2, (count, 1, side, side), dtype=np.uint8)
    return Samples(pictures[labels] * seen, labels)
