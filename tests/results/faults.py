"""A disk that fails, or a process that dies, at the n-th operation; and what must be true afterwards."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from dlab.errors import EnvironmentFault
from dlab.results import durable, session
from dlab.results.folder import RunFolder
from dlab.results.shelf import create

# How it ends: killed before the operation, behind it (a write is cut in the middle), or by a failure of the power,
# which takes everything with it that was not synced; or an error, in that operation alone or in all from there on.
KILLS = ("kill before", "kill behind", "power")
ERRORS = ("ENOSPC", "EIO", "EACCES")
OFTEN = ("once", "always")
SAME = ("results.csv", "weights/best.safetensors", "weights/last.safetensors", "spec.yaml")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # where nothing needs to outlive the machine
Make = Callable[[], Any]


class Killed(BaseException):
    """Stands for a process that is no more."""


class Disk:
    """Stands in for `durable.touch_disk`: counts operations, and lets the one at `at` go wrong as `kind` says.

    Nothing is really synced.  What would be lost without power is kept track of: bytes behind the last fsync of a file,
    and renames behind the last fsync of their folder.
    """

    def __init__(self, at: int = 0, kind: str = "kill before"):
        self.at, self.kind, self.count = at, kind, 0
        self._open: dict[int, Path] = {}
        self._stored: dict[Path, int] = {}  # bytes that a power failure leaves of files that were written to
        self._renamed: list[tuple[Path, bytes | None]] = []  # and what it leaves in the place of files

    def __call__(self, call: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        dead = self.kind in KILLS
        if not self.at or self.count < self.at or (self.count > self.at and self.kind.endswith("once")):
            return self._do(call, *arguments)
        if call is os.close:  # one that fails has closed the file all the same
            self._do(call, *arguments)
        elif self.count == self.at and self.kind != "kill before":
            self._half(call, *arguments)
        if not dead:
            raise OSError(getattr(errno, self.kind.split()[0]), self.kind)
        if self.kind == "power" and self.count == self.at:
            self._lose()
        raise Killed

    def _half(self, call: Callable[..., Any], *arguments: Any) -> None:
        """As much of an operation as there may be of one that does not come back."""
        if call is os.write:
            self._do(call, arguments[0], arguments[1][: len(arguments[1]) // 2])
        elif self.kind == "kill behind":
            done = self._do(call, *arguments)
            if call is os.open:
                os.close(done)
            elif hasattr(done, "close"):  # the log
                done.close()

    def _do(self, call: Callable[..., Any], *arguments: Any) -> Any:
        if call is os.fsync:
            return self._sync(self._open[arguments[0]])
        if call is os.write:
            path = self._open[arguments[0]]
            self._stored.setdefault(path, path.stat().st_size)
        if call is os.replace:
            target = Path(arguments[1])
            self._renamed.append((target, target.read_bytes() if target.exists() else None))
        done = call(*arguments)
        if call is os.open:
            self._open[done] = Path(arguments[0])
        return done

    def _sync(self, path: Path) -> None:
        self._stored.pop(path, None)
        self._renamed = [(target, old) for target, old in self._renamed if target.parent != path]

    def _lose(self) -> None:
        for path, size in self._stored.items():
            with suppress(FileNotFoundError):
                os.truncate(path, size)
        for target, old in reversed(self._renamed):
            target.unlink(missing_ok=True)
            if old is not None:
                target.write_bytes(old)


@contextmanager
def disk(at: int = 0, kind: str = "kill before") -> Iterator[Disk]:
    """All durable writes go to this disk, for as long as the block lasts."""
    found = Disk(at, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "touch_disk", found)
        yield found


def ignore(record: object) -> None:
    """Nobody looks."""


def run_in(root: Path) -> RunFolder | None:
    """The run that was begun, if its folder was finished."""
    found = [path.parent for path in root.glob("train/*/spec.yaml")]
    assert len(found) <= 1, found
    return RunFolder(found[0]) if found else None


def train(root: Path, make: Make) -> None:
    """What `dlab train` does to the disk: a new run, or the one that is there gone on with."""
    folder = run_in(root)
    new = folder or create(root, "train", "one", "name: one\n")
    session.run(make(), new, ignore, resume=folder is not None)


def ends(root: Path, make: Make, at: int, kind: str) -> str:
    """Train on a disk that goes wrong: how it ended, in a word; anything else than these is a bug."""
    with disk(at, kind) as used:
        try:
            train(root, make)
        except Killed:
            return "killed"
        except EnvironmentFault:
            return "failed"
    return "untouched" if used.count < at else "survived"


def bytes_of(folder: Path) -> dict[str, bytes]:
    """The files that must be the same however often a run was interrupted."""
    watched = [path.name for path in folder.glob("*.csv") if path.name != "timing.csv"]
    return {name: (folder / name).read_bytes() for name in (*SAME, *watched)}


def check(root: Path, clean: bool) -> None:
    """What holds at any moment: nothing half written under a name that anybody reads, and a true status.

    No temporary file either, unless a kill or a disk that stayed broken has left one: removing it may fail, too.
    """
    if folder := run_in(root):
        assert folder.status() in ("interrupted", "failed", "done"), folder.status()
        for weights in (folder.best, folder.last):
            if weights.exists():
                load_file(weights)
        assert not (clean and list(folder.path.rglob("*.tmp"))), "a temporary file was left behind"


def go_on(root: Path, make: Make) -> dict[str, bytes]:
    """The last resumption, on a disk that is well again: the bytes that the run comes to."""
    with disk():
        train(root, make)
    folder = run_in(root)
    assert folder
    assert folder.status() == "done"
    assert not list(folder.path.rglob("*.tmp"))
    assert [row.step for row in folder.timings.read()] == [row.step for row in folder.evaluations.read()]
    return bytes_of(folder.path)
