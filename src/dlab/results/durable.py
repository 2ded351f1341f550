"""The one place that writes results: after a crash a file is the old one or the new one, never a mixture."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlab.errors import EnvironmentFault


def touch_disk(call: Callable[..., Any], *arguments: Any) -> Any:
    """Every operation on the disk passes here, so that a test can fail or kill the n-th one."""
    return call(*arguments)


def replace(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`: temporary file, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with _told(path):
        try:
            _write(temporary, os.O_CREAT | os.O_EXCL, content)
            touch_disk(os.replace, temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def create(path: Path, content: bytes) -> None:
    """Write a new file; one that exists stays as it is, and is an error."""
    with _told(path):
        _write(path, os.O_CREAT | os.O_EXCL, content)


def append(path: Path, text: str) -> None:
    """Add `text` at the end of a file that exists; `sync` waits until it is stored."""
    with _told(path):
        _write(path, os.O_APPEND, text.encode(), stored=False)


def sync(path: Path) -> None:
    """Wait until everything that was appended to a file is stored."""
    with _told(path):
        _write(path, os.O_APPEND, b"")


def claim_folder(path: Path) -> bool:
    """Make a folder that nobody else has made; False where it exists."""
    with _told(path):
        try:
            touch_disk(path.mkdir)
        except FileExistsError:
            return False
    return True


def make_folder(path: Path) -> None:
    """Make a folder with its parents, unless it is there."""
    with _told(path):
        touch_disk(os.makedirs, path, 0o777, True)


def refuse_links(folder: Path) -> None:
    """EnvironmentFault if something in a folder is a link: what is written there would end up elsewhere."""
    link = next((path for path in folder.rglob("*") if path.is_symlink()), None)
    if link:
        raise EnvironmentFault(f"{link} is a link: dlab writes into a run's own files only. Put the file itself there")


def sweep(folder: Path) -> None:
    """Remove what an interrupted `replace` left behind."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def _write(path: Path, flags: int, content: bytes, stored: bool = True) -> None:
    # Mode 0666 lets the umask decide, which the modules for temporary files do not.
    file = touch_disk(os.open, path, os.O_WRONLY | flags, 0o666)
    try:
        while content:
            content = content[touch_disk(os.write, file, content) :]
        if stored:
            touch_disk(os.fsync, file)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        touch_disk(os.fsync, file)
    finally:
        os.close(file)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise EnvironmentFault(f"cannot write {path}: {fault.strerror or fault}") from fault
