"""Compressed arrays that are too large to be unpacked in memory: unpacked once, into a file in the user's cache."""

import fcntl
import os
import shutil
import zlib
from collections.abc import Callable
from gzip import BadGzipFile
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

from dlab.data.files import cache_folder
from dlab.errors import DataError, EnvironmentFault

BLOCK = 1 << 20
MOST = 1032  # bytes that deflate can make of one


def unpacked(path: Path, member: str, size: int, content: Callable[[], Any]) -> Path:
    """The file with the `size` bytes that `content()` gives for this member of `path`, as `path` is now."""
    facts, folder = path.stat(), cache_folder() / "unpacked"
    if size > MOST * facts.st_size:
        raise DataError(f"{path}: damaged: it promises {size:,} bytes, more than can be packed into {facts.st_size:,}")
    name = sha256(f"{path.resolve()}:{member}".encode()).hexdigest()[:16]
    target = folder / f"{name}-{facts.st_size}-{facts.st_mtime_ns}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (target.is_file() and target.stat().st_size == size):
                for old in folder.glob(f"{name}-*"):
                    old.unlink()
                _write(path, target, size, content)
    except OSError as error:
        raise EnvironmentFault(f"{folder}: {path} cannot be unpacked here ({error.strerror or error})") from None
    return target


def _write(path: Path, target: Path, size: int, content: Callable[[], Any]) -> None:
    """Fill a part file, and name it as the target when it is whole."""
    if shutil.disk_usage(target.parent).free < size:
        raise EnvironmentFault(f"{target.parent}: no room to unpack {path}, which takes {size:,} bytes")
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            found = _copy(path, content, file, size)
            file.flush()
            os.fsync(file.fileno())
        if found != size:
            raise DataError(f"{path}: holds {'more' if found > size else 'less'} than the {size:,} bytes it promises")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _copy(path: Path, content: Callable[[], Any], file: IO[bytes], size: int) -> int:
    """Write what there is, at most one byte more than `size`; how many bytes. Checksums are checked at the end."""
    done = 0
    try:
        with content() as packed:
            while block := packed.read(min(BLOCK, size + 1 - done)):
                done += file.write(block)
    except (EOFError, zlib.error, BadGzipFile, BadZipFile) as error:
        raise DataError(f"{path}: damaged or unreadable ({error})") from None
    return done
