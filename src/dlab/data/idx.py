"""IDX files, plain or gzipped: a big-endian header, then the values; everything is checked before it is used."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from dlab.errors import DataError

KINDS = {0x08: np.uint8, 0x09: np.int8, 0x0B: np.dtype(">i2"), 0x0C: np.dtype(">i4"), 0x0D: np.dtype(">f4")}
MAX_BYTES = 4 << 30


def read(path: Path) -> np.ndarray:
    """The array in a file; DataError names the file and what is wrong with it."""
    raw = content(path)
    shape, kind = header(raw[:64], path)
    wanted = 4 + 4 * len(shape) + int(np.prod(shape, dtype=object)) * np.dtype(kind).itemsize
    if len(raw) != wanted:
        sizes = "x".join(map(str, shape))
        raise DataError(f"{path}: its header promises {sizes} values ({wanted:,} bytes), it has {len(raw):,} bytes")
    return np.frombuffer(raw, kind, offset=4 + 4 * len(shape)).reshape(shape)


def peek(path: Path) -> tuple[int, ...]:
    """The shape in a file's header, without reading the rest."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            return header(file.read(64), path)[0]
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None


def header(raw: bytes, path: Path) -> tuple[tuple[int, ...], type | np.dtype]:
    """(shape, number type) from the first bytes."""
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in KINDS or not 1 <= raw[3] <= 4 or len(raw) < 4 + 4 * raw[3]:
        hint = " (a web page?)" if raw[:1] == b"<" else ""
        raise DataError(f"{path}: not an IDX file{hint}; it begins with {raw[:4]!r}")
    shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", raw[3], 4))
    if int(np.prod(shape, dtype=object)) > MAX_BYTES:
        raise DataError(f"{path}: its header promises {'x'.join(map(str, shape))} values, more than dlab reads")
    return shape, KINDS[raw[2]]


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is gzipped."""
    try:
        raw = path.read_bytes()
        return unpack(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged or unreadable ({error}). Fetch it again") from None


def unpack(raw: bytes) -> bytes:
    """One gzip member and nothing behind it, of at most 4 GiB."""
    machine = zlib.decompressobj(wbits=31)
    text = machine.decompress(raw, MAX_BYTES)
    if not machine.eof:
        raise EOFError("the compressed data end early or are too large")
    if machine.unused_data:
        raise EOFError("there is something behind the compressed data")
    return text


def write(path: Path, array: np.ndarray) -> None:
    """Write an array of bytes, gzipped if the name ends in .gz."""
    head = bytes([0, 0, 0x08, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    raw = head + np.ascontiguousarray(array, np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)
