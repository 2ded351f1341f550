"""The folder of one run, `results/<command>/<name>/`: its files, how it is made and how it is found again."""

import fcntl
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from dlab.errors import Busy, DataError, EnvironmentFault, SpecError
from dlab.registry import suggestion
from dlab.results import durable
from dlab.results.records import Evaluation, Timing
from dlab.results.rows import Rows

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

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

    @property
    def last(self) -> Path:
        return self.path / "weights" / "last.safetensors"

    @property
    def best(self) -> Path:
        return self.path / "weights" / "best.safetensors"

    @property
    def evaluations(self) -> Rows[Evaluation]:
        return Rows(self.path / "results.csv", Evaluation)

    @property
    def timings(self) -> Rows[Timing]:
        return Rows(self.path / "timing.csv", Timing)

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
        with _open_log(self.log) as log:
            if not _lock(log, fcntl.LOCK_EX):
                holder = self.facts()
                who = f"process {holder.get('pid', '?')} on {holder.get('host', '?')}"
                raise Busy(f"{self.path} is in use by {who} since {holder.get('started', '?')}")
            yield log


def claim(root: Path, command: str, name: str) -> RunFolder:
    """A new folder under `root`; a name that is taken becomes name-2, name-3, ..."""
    if not NAME.fullmatch(name):
        raise SpecError(f'"{name}" cannot name a run: use letters, digits, dot, dash and underscore, 64 at most')
    durable.make_folder(root / command)
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return RunFolder(next(path for path in (root / command / name for name in names) if durable.claim_folder(path)))


def create(root: Path, command: str, name: str, spec: str) -> RunFolder:
    """A new folder for a training run, with its tables and its spec."""
    folder = claim(root, command, name)
    durable.make_folder(folder.path / "weights")
    folder.evaluations.create()
    folder.timings.create()
    # The spec comes last: a folder that has one is complete and can be resumed.
    durable.replace(folder.spec, spec.encode())
    return folder


def find(root: Path, command: str, wanted: str) -> RunFolder:
    """The run called `wanted`: a folder, a name under `root/command`, or `latest`; `*` stands for any command."""
    runs = [run for run in every(root) if command in ("*", run.path.parent.name)]
    if wanted == "latest" and runs:
        return max(runs, key=lambda run: run.spec.stat().st_mtime_ns)
    for path in (*(run.path for run in runs if run.path.name == wanted), Path(wanted)):
        if (path / "spec.yaml").is_file():
            return RunFolder(path)
    near = suggestion(wanted, [run.path.name for run in runs])
    raise SpecError(f'no run "{wanted}" in {root / command.strip("*")}.{near}')


def every(root: Path) -> list[RunFolder]:
    """All runs under the results folder, by command and name; the cells of a study belong to the study."""
    return [RunFolder(path.parent) for path in sorted(root.glob("*/*/spec.yaml"))]


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
