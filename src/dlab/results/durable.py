"""The one place that writes results: after a crash a file is the old one or the new one, never a mixture."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from dlab.errors import EnvironmentFault
from dlab.streams import patient

PAUSES = (0.1, 0.5, 2.0)  # seconds to wait for a network file system that has lost sight of a file
FULL = (errno.ENOSPC, errno.EDQUOT)
Content = bytes | memoryview


def touch_disk(call: Callable[..., Any], *arguments: Any) -> Any:
    """Every operation on the disk passes here, so that a test can fail or kill the n-th one."""
    for pause in PAUSES:
        try:
            return call(*arguments)
        except OSError as fault:
            if fault.errno != errno.ESTALE:
                raise
        time.sleep(pause)
    return call(*arguments)


def replace(path: Path, *pieces: Content) -> None:
    """Put the pieces, one after another, in the place of `path`: temporary file, fsync, rename, fsync of the folder."""
    with _told(path, sum(len(piece) for piece in pieces)):
        with _in_place_of(path) as temporary:
            _write(temporary, os.O_CREAT | os.O_EXCL, *pieces)


def alias(path: Path, source: Path) -> None:
    """Make `path` another name of the file `source`, or a copy where the file system knows no such names."""
    try:
        if not (path.exists() and path.samefile(source)):  # between two names of one file, a rename does nothing
            with _in_place_of(path) as temporary:
                touch_disk(os.link, source, temporary)
    except OSError:
        replace(path, source.read_bytes())


def create(path: Path, content: bytes) -> None:
    """Write a new file; one that exists stays as it is, and is an error."""
    with _told(path, len(content)):
        _write(path, os.O_CREAT | os.O_EXCL, content)


def append(path: Path, text: str) -> None:
    """Add `text` at the end of a file that exists; `sync` waits until it is stored."""
    content = text.encode()
    with _told(path, len(content)):
        _write(path, os.O_APPEND, content, stored=False)


def sync(path: Path) -> None:
    """Wait until everything that was appended to a file is stored."""
    with _told(path):
        _write(path, os.O_APPEND)


def cut(path: Path, length: int) -> None:
    """Keep the first `length` bytes of a file."""
    with _told(path):
        touch_disk(os.truncate, path, length)
    sync(path)


def remove(path: Path) -> None:
    """Remove a file, unless it is gone."""
    with _told(path), suppress(FileNotFoundError):
        touch_disk(os.unlink, path)


def claim_folder(path: Path) -> bool:
    """Make a folder that nobody else has made; False where it exists."""
    with _told(path):
        try:
            touch_disk(path.mkdir)
        except FileExistsError:
            return False
        _sync_folder(path.parent)
    return True


def make_folder(path: Path) -> None:
    """Make a folder with its parents, unless it is there."""
    with _told(path):
        touch_disk(os.makedirs, path, 0o777, True)


def check_writable(folder: Path) -> None:
    """Make a folder if need be, and EnvironmentFault unless files can be written there."""
    make_folder(folder)
    probe = folder / f".{secrets.token_hex(4)}.tmp"
    with _told(folder):
        try:
            _write(probe, os.O_CREAT | os.O_EXCL, b"x", stored=False)
        finally:
            probe.unlink(missing_ok=True)


def refuse_links(folder: Path) -> None:
    """EnvironmentFault if something in a folder is a link: what is written there would end up elsewhere."""
    link = next((path for path in folder.rglob("*") if path.is_symlink()), None)
    if link:
        raise EnvironmentFault(f"{link} is a link: dlab writes into a run's own files only. Put the file itself there")


def sweep(folder: Path) -> None:
    """Remove what an interrupted `replace` left behind."""
    for leftover in folder.glob(".*.tmp"):
        remove(leftover)


def open_log(path: Path) -> TextIO:
    """A text file for people that grows line by line, made where there is none: not synced, and lost on a full disk."""
    with _told(path):
        return touch_disk(patient, path)


@contextmanager
def _in_place_of(path: Path) -> Iterator[Path]:
    """A name that nothing has; what was made under it takes the place of `path`, and is removed if that fails."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        touch_disk(os.replace, temporary, path)
    except OSError:
        with suppress(OSError):
            touch_disk(os.unlink, temporary)
        raise
    _sync_folder(path.parent)


def _write(path: Path, flags: int, *pieces: Content, stored: bool = True) -> None:
    # Mode 0666 lets the umask decide, which the modules for temporary files do not.
    file = touch_disk(os.open, path, os.O_WRONLY | flags, 0o666)
    try:
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[touch_disk(os.write, file, left) :]
        if stored:
            touch_disk(os.fsync, file)
    finally:
        touch_disk(os.close, file)


def _sync_folder(folder: Path) -> None:
    file = touch_disk(os.open, folder, os.O_RDONLY)
    try:
        touch_disk(os.fsync, file)
    finally:
        touch_disk(os.close, file)


@contextmanager
def _told(path: Path, size: int = 0) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        room = _room(path, size) if fault.errno in FULL else ""
        raise EnvironmentFault(f"cannot write {path}: {fault.strerror or fault}{room}") from fault


def _room(path: Path, size: int) -> str:
    with suppress(OSError):
        return f" ({size:,} bytes to write, {shutil.disk_usage(path.parent).free:,} free)"
    return ""
