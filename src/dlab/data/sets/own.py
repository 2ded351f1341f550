"""The user's own data in array files: `npz` and `idx`."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlab.data import files, idx
from dlab.data.dataset import Data, DataSet, Samples, classified, finite
from dlab.data.sets.mnist import read_pairs
from dlab.errors import DataError
from dlab.registry import DATASETS

MAX_BYTES = 4 << 30
WANTED = "x_train and y_train (with x_test and y_test, if there are), or x and y"


@dataclass(frozen=True, kw_only=True)
class Own(DataSet):
    """A set that lies where `path` says."""

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
        arrays = read_npz(path)
        names = [("x_train", "y_train"), ("x_test", "y_test")] if "x_train" in arrays else [("x", "y")]
        if not {"x", "y"} <= arrays.keys() and not {"x_train", "y_train"} <= arrays.keys():
            raise DataError(f"{path}: has {', '.join(arrays) or 'no arrays'}. Wanted: {WANTED}")
        pairs = [(arrays[x], arrays[y]) for x, y in names if x in arrays and y in arrays]
        classes = 1 + max(int(y.max()) for _, y in pairs) if all(_counts(y) for _, y in pairs) else None
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
        classes = 1 + max(int(idx.read(folder / name).max(initial=0)) for name in parts[1::2])
        train, test = read_pairs(folder, classes, parts)
        return self.finish(train, test, tuple(map(str, range(classes))), seed)


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file; DataError for anything that is not plain arrays of a reasonable size."""
    try:
        with zipfile.ZipFile(path) as packed:
            declared = sum(item.file_size for item in packed.infolist())
        if declared > MAX_BYTES:
            raise DataError(f"{path}: unpacks to {declared:,} bytes. Allowed: {MAX_BYTES:,}")
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{path}: declares more than fits into memory") from None
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        RuntimeError,
        NotImplementedError,
        zlib.error,
        zipfile.BadZipFile,
        SyntaxError,
        TypeError,
        OverflowError,
    ) as error:
        raise DataError(
            f"{path}: not a sound .npz file ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        ) from None
    except Exception as error:  # numpy's header parser lets a tokenizer's errors through
        raise DataError(f"{path}: not a sound .npz file ({type(error).__name__})") from None


def _counts(y: np.ndarray) -> bool:
    """Whether y holds class numbers."""
    return y.ndim == 1 and y.dtype.kind in "iub" and y.size > 0


def _samples(x: np.ndarray, y: np.ndarray, classes: int | None, path: Path) -> Samples:
    """One split, checked; images get their channel axis."""
    if len(x) != len(y) or len(x) == 0:
        raise DataError(f"{path}: {len(x):,} samples in x, {len(y):,} in y")
    if x.ndim not in (2, 3, 4) or x.dtype.kind not in "uifb" or y.dtype.kind not in "uifb":
        raise DataError(f"{path}: x is {x.dtype} with {x.ndim} axes. Wanted: numbers [N, F], [N, H, W] or [N, C, H, W]")
    x = x[:, None] if x.ndim == 3 else x
    x = np.ascontiguousarray(x) if x.dtype == np.uint8 and x.ndim == 4 else finite(x, str(path))
    if classes:
        return classified(x, y.astype(np.int64), classes, str(path))
    return Samples(x, None, finite(y.reshape(len(y), -1), str(path)))
