"""Arrays in .npz files: every declared size is compared with the file before an array is made.

Arrays that are stored as they are can be mapped: the file is then read where it is looked at.
"""

import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from dlab import machine
from dlab.data.unpacked import unpacked
from dlab.errors import DataError, DlabError

WANTED = "x_train and y_train (with x_test and y_test, if there are), or x and y"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

BLOCK = 1 << 24  # bytes whose checksum is taken together

Pair = tuple[np.ndarray, np.ndarray]


class Header(NamedTuple):
    """What a .npy file says of its array, and how long it is itself."""

    shape: tuple[int, ...]
    columns: bool  # Fortran's order
    kind: np.dtype
    length: int

    @property
    def bytes(self) -> int:
        """Of the array."""
        return math.prod(self.shape) * self.kind.itemsize


def read(path: Path, large: Callable[[int], bool]) -> list[Pair]:
    """(x, y) of the training split, and of the test split if there is one; nothing else is loaded.

    x is mapped where it is stored as it is; a compressed one is unpacked in memory, or to disk first if `large`.
    """
    with _opened(path) as packed:
        names = choose(packed, path)
        heads = [check(packed, name, path) for name in names]
        arrays = [_lay(packed, name, head, large, path) for name, head in zip(names, heads, strict=True)]
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def verify(path: Path) -> None:
    """DataError if an array that may be mapped is not what its archive says: all others are checked when unpacked."""
    with _opened(path) as packed:
        for name in choose(packed, path):
            if packed.getinfo(f"{name}.npy").compress_type == zipfile.ZIP_STORED:
                _check_sum(packed, name)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; faults inside become a DataError."""
    try:
        with zipfile.ZipFile(path) as packed:
            yield packed
    except DlabError:
        raise
    except MemoryError:
        raise DataError(f"{path}: declares more than fits into memory") from None
    except Exception as error:  # the parsers of damaged zip and npy files raise many kinds
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: not a sound .npz file ({first[:120]})") from None


def choose(packed: zipfile.ZipFile, path: Path) -> list[str]:
    """The names of the arrays to load, x before y; DataError says which there should be."""
    found = [item.filename.removesuffix(".npy") for item in packed.infolist()]
    train, test = ["x_train", "y_train"], ["x_test", "y_test"]
    if {*train} <= {*found}:
        lone = {*test} & {*found}
        if len(lone) == 1:
            raise DataError(f"{path}: has {lone.pop()}, but not the other of x_test and y_test")
        return train + test if lone else train
    if not {"x", "y"} <= {*found}:
        raise DataError(f"{path}: has {', '.join(found) or 'no arrays'}. Wanted: {WANTED}")
    return ["x", "y"]


def check(packed: zipfile.ZipFile, name: str, path: Path) -> Header:
    """The array's header; DataError unless the array is of plain numbers and exactly as long as that says."""
    entry = packed.getinfo(f"{name}.npy")
    with packed.open(entry) as file:
        head = _header(file)
    wanted = head.length + head.bytes
    if head.kind.hasobject:
        raise DataError(f"{path}: {name} holds Python objects, which dlab never loads. Wanted: numbers")
    if wanted != entry.file_size:
        raise DataError(f"{path}: {name} promises {wanted:,} bytes, it has {entry.file_size:,}")
    return head


def _header(file: IO[bytes]) -> Header:
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the npy format")
    shape, columns, kind = HEADERS[version](file)
    if any(size < 0 for size in shape):
        raise ValueError(f"{shape} is no shape")
    return Header(shape, columns, kind, file.tell())


def _lay(packed: zipfile.ZipFile, name: str, head: Header, large: Callable[[int], bool], path: Path) -> np.ndarray:
    """An array, mapped if it is samples and stored as it is, or too large."""
    entry = packed.getinfo(f"{name}.npy")
    samples = name.startswith("x")
    stored = samples and entry.compress_type == zipfile.ZIP_STORED and head.bytes > 0
    if not stored and not (samples and large(head.bytes)):
        return _load(packed, name, head, path)
    if head.columns and len(head.shape) > 1:
        return _columns(packed, name, head, large, path)
    if stored:
        return _map(path, _start(entry, path), head)
    return _map(unpacked(path, name, entry.file_size, partial(_open, path, entry)), 0, head)


def _columns(packed: zipfile.ZipFile, name: str, head: Header, large: Callable[[int], bool], path: Path) -> np.ndarray:
    """An array whose samples do not lie one after another: in memory or not at all."""
    if large(head.bytes):
        hint = f"Save it as np.ascontiguousarray({name}), or set data.stream to never"
        raise DataError(f"{path}: {name} is stored column by column (Fortran's order) and cannot be streamed. {hint}")
    return _load(packed, name, head, path)


def _map(path: Path, start: int, head: Header) -> np.ndarray:
    return np.memmap(path, head.kind, "r", start + head.length, head.shape)


def _open(path: Path, entry: zipfile.ZipInfo) -> IO[bytes]:
    return zipfile.ZipFile(path).open(entry)


def _start(entry: zipfile.ZipInfo, path: Path) -> int:
    """Where a stored file begins in its archive: behind a header of 30 bytes, the name and an extra field."""
    with path.open("rb") as file:
        file.seek(entry.header_offset + 26)
        name, extra = np.frombuffer(file.read(4), "<u2")
    return entry.header_offset + 30 + int(name) + int(extra)


def _check_sum(packed: zipfile.ZipFile, name: str) -> None:
    """Read an array to its end, which is where its checksum is compared."""
    with packed.open(f"{name}.npy") as file:
        while file.read(BLOCK):
            pass


def _load(packed: zipfile.ZipFile, name: str, head: Header, path: Path) -> np.ndarray:
    free = machine.free_memory()
    if head.bytes > free:
        raise DataError(f"{path}: {name} promises {head.bytes:,} bytes, more than the {free:,} that are free in memory")
    with packed.open(f"{name}.npy") as file:
        return npy.read_array(file, allow_pickle=False)
