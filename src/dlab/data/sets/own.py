"""The user's own data in array files: `npz` and `idx`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlab.data import files, npz
from dlab.data.dataset import Data, DataSet, Samples, classified, finite
from dlab.data.sets.mnist import read_labels, read_pairs
from dlab.errors import DataError
from dlab.registry import DATASETS


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
        if not path.exists():
            raise DataError(f"data.path: there is no {path}")
        return path


@DATASETS.register("npz")
@dataclass(frozen=True, kw_only=True)
class Npz(Own):
    """Arrays in a .npz file: images [N, H, W] or [N, C, H, W], or vectors [N, F]; whole-number y are classes."""

    def load(self, seed: int = 0) -> Data:
        path = self.place()
        pairs = npz.read(path)
        for x, y in pairs:
            _check(x, y, path)
        whole = all(y.ndim == 1 and y.dtype.kind in "iub" for _, y in pairs)
        classes = max(1, *(1 + int(y.max()) for _, y in pairs)) if whole else None
        splits = [_samples(x, y, classes, path) for x, y in pairs]
        labels = tuple(map(str, range(classes))) if classes else None
        return self.finish(splits[0], splits[1] if len(splits) > 1 else None, labels, seed)


@DATASETS.register("idx")
@dataclass(frozen=True, kw_only=True)
class Idx(Own):
    """A folder with the four files of MNIST's names, plain or gzipped."""

    def load(self, seed: int = 0) -> Data:
        folder = self.place()
        parts = tuple(name if (folder / name).exists() else name.removesuffix(".gz") for name in files.PARTS)
        missing = [name for name in parts if not (folder / name).is_file()]
        if missing:
            raise DataError(f"{folder}: {', '.join(missing)} missing (with or without .gz)")
        classes = 1 + max(int(read_labels(folder / name).max(initial=0)) for name in parts[1::2])
        train, test = read_pairs(folder, classes, parts)
        return self.finish(train, test, tuple(map(str, range(classes))), seed)


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
    x = np.ascontiguousarray(x) if x.dtype == np.uint8 and x.ndim == 4 else finite(x, str(path))
    if classes:
        return classified(x, y.astype(np.int64), classes, str(path))
    return Samples(x, None, finite(y.reshape(len(y), -1), str(path)))
