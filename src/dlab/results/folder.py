"""The folder of one run or study, `results/<command>/<name>/`: its files, and who works on it."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dlab.errors import Busy, DataError, EnvironmentFault
from dlab.results import durable
from dlab.results.records import Bin, Evaluation, Observation, Snapshot, Timing, Validated
from dlab.results.rows import Rows


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
            return json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as fault:
            raise DataError(f"cannot read {self.path / 'run.json'}: {fault}") from fault

    def status(self) -> str:
        """The status in run.json, except that a run nobody holds any more is not running."""
        status = self.facts().get("status", "interrupted")
        return "interrupted" if status == "running" and not self.held() else status

    def held(self) -> bool:
        """Whether a living process works on this run."""
        try:
            with self.log.open(encoding="utf-8") as log:
                return not _lock(log, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    @contextmanager
    def hold(self) -> Iterator[IO[str]]:
        """Keep the run to this process, and yield its open log; the system frees it when the process dies."""
        durable.refuse_links(self.path)
        with _open_log(self.log) as log:
            if not _lock(log, fcntl.LOCK_EX):
                holder = self.facts()
                who = f"process {holder.get('pid', '?')} on {holder.get('host', '?')}"
                raise Busy(f"{self.path} is in use by {who} since {holder.get('started', '?')}")
            yield log


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
        """All tables there are."""
        watched: list[Rows[Any]] = [self.layers, self.histograms]
        return [self.evaluations, self.timings, *(table for table in watched if table.path.exists())]

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
        durable.make_folder(self.path / "weights")
        Rows(self.path / "results.csv", Validated if validated else Evaluation).create()
        self.timings.create()
        durable.replace(self.spec, spec.encode())

    def _validated(self, path: Path) -> bool:
        with suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
            return "validation_loss" in file.readline()
        return False


def _open_log(path: Path) -> IO[str]:
    try:
        return path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
    except OSError as fault:
        raise EnvironmentFault(f"cannot write {path}: {fault.strerror}") from fault


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
