"""IDX files, plain or gzipped: a big-endian header, then the values; everything is checked before it is used."""

import gzip
import math
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from dlab import machine
from dlab.data.unpacked import unpacked
from dlab.errors import DataError

KINDS = {
    code: np.dtype(name) for code, name in ((0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"))
}
GZIP = b"\x1f\x8b"
MAX_BYTES = 4 << 30


def read(path: Path) -> np.ndarray:
    """The array in a file; DataError names the file and what is wrong with it."""
    shape, kind = head(path)
    if not packed(path):
        _check_length(path.stat().st_size, shape, kind, path)
    raw = content(path)
    _check_length(len(raw), shape, kind, path)
    return np.frombuffer(raw, kind, offset=4 + 4 * len(shape)).reshape(shape)


def lay(path: Path, large: Callable[[int], bool]) -> np.ndarray:
    """The array in a file, mapped where that is plain; a gzipped one in memory, or unpacked to disk if `large`."""
    shape, kind = head(path)
    if not packed(path):
        return mapped(path)
    if not large(math.prod(shape) * kind.itemsize):
        return read(path)
    return mapped(unpacked(path, "", promised(shape, kind), partial(gzip.open, path)))


def mapped(path: Path) -> np.memmap:
    """The array in a plain file, which is read when it is looked at."""
    shape, kind = head(path)
    _check_length(path.stat().st_size, shape, kind, path)
    return np.memmap(path, kind, "r", 4 + 4 * len(shape), shape)


def _check_length(found: int, shape: tuple[int, ...], kind: np.dtype, path: Path) -> None:
    wanted = promised(shape, kind)
    if found != wanted:
        told = "more" if found > wanted else f"{found:,} bytes"
        raise DataError(f"{path}: its header promises {_times(shape)} values ({wanted:,} bytes), it has {told}")


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def peek(path: Path) -> tuple[int, ...]:
    """The shape in a file's header, without reading the rest."""
    return head(path)[0]


def head(path: Path) -> tuple[tuple[int, ...], np.dtype]:
    """(shape, number type) of a file, without reading the rest."""
    try:
        with path.open("rb") as file:
            raw = file.read(4096)
        return header(zlib.decompressobj(wbits=31).decompress(raw, 64) if raw[:2] == GZIP else raw, path)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: damaged or unreadable ({error}). Fetch it again")


def packed(path: Path) -> bool:
    """Whether a file is gzipped."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


def header(raw: bytes, path: Path) -> tuple[tuple[int, ...], np.dtype]:
    """(shape, number type) from the first bytes."""
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in KINDS or not 1 <= raw[3] <= 4 or len(raw) < 4 + 4 * raw[3]:
        hint = " (a web page?)" if raw[:1] == b"<" else ""
        raise DataError(f"{path}: not an IDX file{hint}; it begins with {raw[:4]!r}")
    return tuple(int(size) for size in np.frombuffer(raw, ">u4", raw[3], 4)), KINDS[raw[2]]


def promised(shape: tuple[int, ...], kind: np.dtype) -> int:
    """The length in bytes of a file with this header."""
    return 4 + 4 * len(shape) + math.prod(shape) * kind.itemsize


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is gzipped."""
    try:
        raw = path.read_bytes()
        return unpack(raw, path) if raw[:2] == GZIP else raw
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from None


def unpack(raw: bytes, path: Path) -> bytes:
    """One gzip member and nothing behind it, of at most one byte more than its header promises."""
    shape, kind = header(zlib.decompressobj(wbits=31).decompress(raw, 64), path)
    wanted = promised(shape, kind)
    if wanted > min(MAX_BYTES, machine.free_memory()):
        raise DataError(f"{path}: its header promises {_times(shape)} values, more than dlab unpacks in memory")
    member = zlib.decompressobj(wbits=31)
    text = member.decompress(raw, wanted + 1)
    if not member.eof and len(text) <= wanted:
        raise EOFError("the compressed data end early")
    if member.unused_data:
        raise EOFError("there is something behind the compressed data")
    return text


def write(path: Path, array: np.ndarray) -> None:
    """Write an array of bytes, gzipped if the name ends in .gz."""
    head = bytes([0, 0, 0x08, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    raw = head + np.ascontiguousarray(array, np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)
