"""The results folder: `results/<command>/<name>/` holds a run or a study; how they are made and found again."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from dlab.errors import SpecError
from dlab.registry import suggestion
from dlab.results import durable, study
from dlab.results.folder import Folder, RunFolder

MARKS = ("spec.yaml", "run.json")  # a folder that has one of them holds a run; a measurement may have no spec
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def claim(root: Path, command: str, name: str) -> Path:
    """A new, empty folder under `root`; a name that is taken becomes name-2, name-3, ..."""
    return next(path for path in numbered(root / command, name) if durable.claim_folder(path))


def create(root: Path, command: str, name: str, spec: str, validated: bool = False) -> RunFolder:
    """A new folder for a training run, with its tables and its spec."""
    folder = RunFolder(claim(root, command, name))
    folder.prepare(spec, validated)
    return folder


def numbered(home: Path, name: str) -> Iterator[Path]:
    """home/name, home/name-2, home/name-3, ..."""
    check_name(name)
    durable.make_folder(home)
    return (home / (name if number == 1 else f"{name}-{number}") for number in count(1))


def check_name(name: str) -> None:
    """SpecError unless this can name a run."""
    if not NAME.fullmatch(name):
        raise SpecError(f'"{name[:80]}" cannot name a run: use letters, digits, dot, dash and underscore, 64 at most')


def find(root: Path, command: str, wanted: str) -> Folder:
    """The run called `wanted`: a folder, a name under `root/command`, or `latest`; `*` stands for any command."""
    runs = [run for run in every(root) if command in ("*", run.path.parent.name)]
    if wanted == "latest" and runs:
        return max(runs, key=_begun)
    found = [run for run in runs if run.path.name == wanted] or [opened(Path(wanted))] * bool(_marks(Path(wanted)))
    if len(found) > 1:
        raise SpecError(f'"{wanted}" is the name of {" and ".join(str(run.path) for run in found)}: give the folder')
    if not found:
        near = suggestion(wanted, [run.path.name for run in runs], most=3)
        raise SpecError(f'no run "{wanted}" in {root / command.strip("*")}.{near}')
    return found[0]


def every(root: Path) -> list[Folder]:
    """All runs and studies under the results folder, by command and name; cells belong to their study."""
    return [opened(path) for path in sorted({mark.parent for name in MARKS for mark in root.glob(f"*/*/{name}")})]


def opened(path: Path) -> Folder:
    """The run or the study in a folder."""
    return study.StudyFolder(path) if study.in_folder(path) else RunFolder(path)


def _marks(path: Path) -> list[Path]:
    """The files that tell that a run is kept there."""
    return [path / name for name in MARKS if (path / name).is_file()]


def _begun(run: Folder) -> int:
    """When its spec was written."""
    return _marks(run.path)[0].stat().st_mtime_ns
