"""The folder of one run or study, `results/<command>/<name>/`: its files, and who works on it."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dlab.errors import Busy, DataError
from dlab.results import durable
from dlab.results.records import Bin, Evaluation, Observation, Snapshot, Timing, Validated
from dlab.results.rows import Rows

PATIENCE = 2.0  # seconds


@dataclass(frozen=True)
class Folder:
    """What a run and a study have in common: a spec, run.json, a log and a picture."""

    path: Path

    @property
    def spec(self) -> Path:
        return self.path / "spec.yaml"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def picture(self) -> Path:
        return self.path / "results.png"

    def describe(self, **facts: Any) -> None:
        """Add facts to run.json, which readers always find whole."""
        text = json.dumps({**self.facts(), **facts}, indent=2, allow_nan=False)
        durable.replace(self.path / "run.json", (text + "\n").encode())

    def facts(self) -> dict[str, Any]:
        """What run.json says, {} where there is none yet."""
        try:
            return dict(json.loads((self.path / "run.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, RecursionError) as fault:
            raise DataError(f"cannot read {self.path / 'run.json'}: {fault}") from fault

    def glance(self) -> dict[str, Any]:
        """Its facts and its status, for a list: where run.json is damaged, that is the status."""
        try:
            return {**self.facts(), "folder": str(self.path), "status": self.status()}
        except DataError:
            return {"folder": str(self.path), "status": "unreadable"}

    def status(self) -> str:
        """The status in run.json, except that a run somebody holds is running, and no other is."""
        if self.held():
            return "running"
        status = self.facts().get("status", "running")
        return "interrupted" if status == "running" else status

    def held(self) -> bool:
        """Whether a living process works on this run."""
        try:
            with self.log.open(encoding="utf-8") as log:
                return not _lock(log, fcntl.LOCK_SH)
        except OSError:
            return False

    @contextmanager
    def hold(self) -> Iterator[IO[str]]:
        """Keep the run to this process, and yield its open log; the system frees it when the process dies."""
        durable.refuse_links(self.path)
        with durable.open_log(self.log) as log:
            if not _taken(log):
                raise Busy(f"{self.path} is in use by {self._holder()}")
            yield log

    def _holder(self) -> str:
        """Who works on this run: the owner of run.json, which its process wrote when it began."""
        facts, owner = self.facts(), "?"
        with suppress(OSError, KeyError):
            owner = (self.path / "run.json").owner()
        known = {name: facts.get(name, "?") for name in ("pid", "host", "started")}
        return f"{owner}, process {known['pid']} on {known['host']}, since {known['started']}"


@dataclass(frozen=True)
class RunFolder(Folder):
    """The files of one run."""

    @property
    def last(self) -> Path:
        return self.path / "weights" / "last.safetensors"

    @property
    def best(self) -> Path:
        return self.path / "weights" / "best.safetensors"

    @property
    def checkpoints(self) -> Path:
        """The folder that a resumed run goes on from; `best` and `last` are for everybody else."""
        return self.path / "checkpoints"

    @property
    def evaluations(self) -> Rows[Evaluation]:
        path = self.path / "results.csv"
        return Rows(path, Validated if self._validated(path) else Evaluation)

    @property
    def timings(self) -> Rows[Timing]:
        return Rows(self.path / "timing.csv", Timing)

    @property
    def layers(self) -> Rows[Observation]:
        """Exists if the run was watched."""
        return Rows(self.path / "layers.csv", Observation)

    @property
    def histograms(self) -> Rows[Bin]:
        """Exists if outputs or weights were watched."""
        return Rows(self.path / "histograms.csv", Bin)

    def tables(self) -> list[Rows[Any]]:
        """All tables that a run may have; the first two are always there."""
        return [self.evaluations, self.timings, self.layers, self.histograms]

    def kept_tables(self) -> dict[str, Rows[Any]]:
        """The tables that are there, by their names."""
        return {table.path.name: table for table in self.tables() if table.exists()}

    def keep(self, snapshot: Snapshot) -> None:
        """Add the rows of a watched run."""
        for table, rows in ((self.layers, snapshot.layers), (self.histograms, snapshot.bins)):
            if rows and not table.path.exists():
                table.create()
            if rows:
                table.append(*rows)

    def prepare(self, spec: str, validated: bool = False) -> None:
        """Fill the empty folder; the spec comes last: a folder that has one is complete and can be resumed.

        With `validated`, results.csv has two more columns, for the validation split.
        """
        durable.make_folder(self.last.parent)
        durable.make_folder(self.checkpoints)
        self.begin(validated)
        durable.replace(self.spec, spec.encode())

    def begin(self, validated: bool) -> None:
        """Empty tables and no weights: where a run starts, for the first time or again."""
        Rows(self.path / "results.csv", Validated if validated else Evaluation).create()
        self.timings.create()
        for table in (self.layers, self.histograms):
            durable.remove(table.path)
        for weights in (self.best, self.last):
            durable.remove(weights)

    def _validated(self, path: Path) -> bool:
        if not path.is_file():
            return False
        with suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
            return "validation_loss" in file.readline(1000)
        return False


def _taken(log: IO[str]) -> bool:
    """Lock it for this process.

    Who only looks at a run holds it for a moment, and a worker whose study was killed needs one to notice.
    """
    end = time.monotonic() + PATIENCE
    while not _lock(log, fcntl.LOCK_EX):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks cannot tell, and must not keep anybody from working
    return True
