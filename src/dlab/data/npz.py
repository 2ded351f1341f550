"""Arrays in .npz files: every declared size is compared with the file before an array is made."""

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from dlab.errors import DataError

MAX_BYTES = 4 << 30
WANTED = "x_train and y_train (with x_test and y_test, if there are), or x and y"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

Pair = tuple[np.ndarray, np.ndarray]


def read(path: Path) -> list[Pair]:
    """(x, y) of the training split, and of the test split if there is one; nothing else is loaded."""
    try:
        with zipfile.ZipFile(path) as packed:
            names = choose([item.filename.removesuffix(".npy") for item in packed.infolist()], path)
            for name in names:
                check(packed, name, path)
            arrays = [_load(packed, name) for name in names]
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{path}: declares more than fits into memory") from None
    except Exception as error:  # the parsers of damaged zip and npy files raise many kinds
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: not a sound .npz file ({first[:120]})") from None
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def choose(found: list[str], path: Path) -> list[str]:
    """The names of the arrays to load, x before y; DataError says which there should be."""
    train, test = ["x_train", "y_train"], ["x_test", "y_test"]
    if {*train} <= {*found}:
        lone = {*test} & {*found}
        if len(lone) == 1:
            raise DataError(f"{path}: has {lone.pop()}, but not the other of x_test and y_test")
        return train + test if lone else train
    if not {"x", "y"} <= {*found}:
        raise DataError(f"{path}: has {', '.join(found) or 'no arrays'}. Wanted: {WANTED}")
    return ["x", "y"]


def check(packed: zipfile.ZipFile, name: str, path: Path) -> None:
    """DataError unless the array is of plain numbers and exactly as long as its header says."""
    entry = packed.getinfo(f"{name}.npy")
    with packed.open(entry) as file:
        shape, kind = _header(file)
        wanted = file.tell() + math.prod(shape) * kind.itemsize
    if kind.hasobject:
        raise DataError(f"{path}: {name} holds Python objects, which dlab never loads. Wanted: numbers")
    if wanted != entry.file_size or wanted > MAX_BYTES:
        raise DataError(f"{path}: {name} promises {wanted:,} bytes, it has {entry.file_size:,}. Allowed: {MAX_BYTES:,}")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the npy format")
    shape, _, kind = HEADERS[version](file)
    return shape, kind


def _load(packed: zipfile.ZipFile, name: str) -> np.ndarray:
    with packed.open(f"{name}.npy") as file:
        return npy.read_array(file, allow_pickle=False)
