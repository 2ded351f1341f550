"""The user's own data in array files: `npz` and `idx`."""

import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from dlab import machine
from dlab.data import files, idx, npz
from dlab.data.dataset import Data, DataSet, classified, finite
from dlab.data.samples import Samples
from dlab.data.sets.mnist import numbers, read_labels, read_pairs
from dlab.errors import DataError, EnvironmentFault
from dlab.layout import Shape
from dlab.registry import DATASETS

SHARE = 4  # a set in memory leaves room for three more of its size: studies train side by side


@dataclass(frozen=True, kw_only=True)
class Own(DataSet):
    """A set that lies where `path` says."""

    def where(self) -> str | None:
        return self.path

    def place(self) -> Path:
        """The path; DataError if it is missing."""
        if not self.path:
            raise DataError(f"data.path is missing: say where the {self.type_name} data are")
        path = Path(self.path)
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError):
            raise DataError(f"data.path: there is no {path}") from None
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # opening a pipe waits for a writer
            raise DataError(f"data.path: {path} is neither a file nor a folder")
        return path


@dataclass(frozen=True, kw_only=True)
class Streamed(Own):
    """A set that need not fit into memory.

    stream: auto = read batch by batch where all samples would take more than a quarter of the free memory
    """

    stream: Literal["auto", "always", "never"] = "auto"

    def large(self, size: int) -> bool:
        """Whether samples of this many bytes stay on disk."""
        return self.stream == "always" or (self.stream == "auto" and SHARE * size > machine.free_memory())

    def finish(self, train: Samples, test: Samples | None, classes: tuple[str, ...] | None, seed: int = 0) -> Data:
        """The data, in memory unless they are too large."""
        data = super().finish(train, test, classes, seed)
        splits = {name: split for name in ("train", "test", "validation") if (split := getattr(data, name))}
        size, free = sum(split.x.nbytes for split in splits.values()), machine.free_memory()
        if self.large(size):
            return data
        if size > free:
            told = f"the samples take {size / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free"
            raise EnvironmentFault(f"{self.path}: {told}. Set data.stream to auto")
        return replace(data, **{name: split.resident() for name, split in splits.items()})


@DATASETS.register("npz")
@dataclass(frozen=True, kw_only=True)
class Npz(Streamed):
    """Arrays in a .npz file: images [N, H, W] or [N, C, H, W], or vectors [N, F]; whole-number y are classes."""

    def peek(self) -> tuple[Shape, int]:
        pairs, classes = self._pairs(self.place())
        (x, y), *_ = pairs
        return (1, *x.shape[1:]) if x.ndim == 3 else x.shape[1:], classes or y.size // len(y)

    def load(self, seed: int = 0) -> Data:
        path = self.place()
        npz.verify(path)
        pairs, classes = self._pairs(path)
        splits = [_samples(x, y, classes, path) for x, y in pairs]
        labels = tuple(map(str, range(classes))) if classes else None
        return self.finish(splits[0], splits[1] if len(splits) > 1 else None, labels, seed)

    def _pairs(self, path: Path) -> tuple[list[npz.Pair], int | None]:
        """x and y of the splits, and how many classes there are if y are classes."""
        pairs = npz.read(path, self.large)
        for x, y in pairs:
            _check(x, y, path)
        whole = all(y.ndim == 1 and y.dtype.kind in "iub" for _, y in pairs)
        return pairs, max(1, *(1 + int(y.max()) for _, y in pairs)) if whole else None


@DATASETS.register("idx")
@dataclass(frozen=True, kw_only=True)
class Idx(Streamed):
    """A folder with the four files of MNIST's names, plain or gzipped."""

    def peek(self) -> tuple[Shape, int]:
        folder, parts = self._parts()
        return (1, *idx.peek(folder / parts[0])[1:]), self._classes(folder, parts)

    def load(self, seed: int = 0) -> Data:
        folder, parts = self._parts()
        classes = self._classes(folder, parts)
        train, test = read_pairs(folder, classes, parts, self.large)
        return self.finish(train, test, tuple(map(str, range(classes))), seed)

    def _parts(self) -> tuple[Path, tuple[str, ...]]:
        """The folder and the names of its files."""
        folder = self.place()
        parts = tuple(name if (folder / name).exists() else name.removesuffix(".gz") for name in files.PARTS)
        missing = [name for name in parts if not (folder / name).is_file()]
        if missing:
            raise DataError(f"{folder}: {', '.join(missing)} missing (with or without .gz)")
        return folder, parts

    def _classes(self, folder: Path, parts: tuple[str, ...]) -> int:
        return 1 + max(int(read_labels(folder / name).max(initial=0)) for name in parts[1::2])


def _check(x: np.ndarray, y: np.ndarray, path: Path) -> None:
    """DataError unless x and y are numbers and of one length."""
    if x.ndim not in (2, 3, 4) or x.dtype.kind not in "uifb":
        raise DataError(f"{path}: x is {x.dtype} with {x.ndim} axes. Wanted: numbers [N, F], [N, H, W] or [N, C, H, W]")
    if y.ndim == 0 or y.dtype.kind not in "uifb":
        raise DataError(f"{path}: y is {y.dtype} with {y.ndim} axes. Wanted: numbers [N] or [N, K]")
    if len(x) != len(y) or x.size == 0 or y.size == 0:
        raise DataError(f"{path}: {len(x):,} samples in x, {len(y):,} in y")


def _samples(x: np.ndarray, y: np.ndarray, classes: int | None, path: Path) -> Samples:
    """One split; images get their channel axis."""
    x = x[:, None] if x.ndim == 3 else x
    found = numbers(x, path, x.dtype == np.uint8 and x.ndim == 4)
    if classes:
        return classified(found, y.astype(np.int64), classes, str(path))
    return Samples(found, None, finite(y.reshape(len(y), -1), str(path)))
