"""What `dlab verify` does: a run's first epochs once more, in a folder that is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlab.assemble import Experiment, build
from dlab.errors import DataError, Diverged, EnvironmentFault, SpecError
from dlab.kernels import compiling
from dlab.report.output import Output
from dlab.report.progress import following
from dlab.results import session, verification
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation, Record
from dlab.results.shelf import find
from dlab.results.study import StudyFolder
from dlab.results.verification import CLOSE, DIFFERENT, EQUAL, Verdict
from dlab.spec import load
from dlab.training.signals import stopping

CODES = {EQUAL: 0, CLOSE: EnvironmentFault.exit_code, DIFFERENT: 1}


@dataclass(frozen=True)
class Doubt:
    """A run, its rows that are computed again, and what computes."""

    run: RunFolder
    rows: list[Evaluation]
    tolerance: float
    device: str | None
    threads: int | None


def doubt(run: str, output_dir: Path, epochs: int, tolerance: float, device: str | None, threads: int | None) -> Doubt:
    """What the command line asks for; a SpecError where there is nothing to compare."""
    folder = find(output_dir, "*", run)
    if isinstance(folder, StudyFolder):
        cells = ", ".join(str(folder.cell(cell.name).path) for cell in folder.plan()[:1])
        raise SpecError(f"{folder.path} is a study: verify one of its cells, such as {cells}")
    if not (isinstance(folder, RunFolder) and folder.evaluations.exists()):
        raise SpecError(f"{folder.path} is no training run: there is nothing to compare")
    rows = verification.first_rows(folder, epochs)
    if not rows:
        raise SpecError(f"{folder.path} has no row yet: there is nothing to compare")
    return Doubt(folder, rows, tolerance, device or folder.facts().get("device"), threads)


def verify(doubt: Doubt, output: Output) -> tuple[Verdict, int]:
    """Compute the rows again and compare; the verdict, and the exit code."""
    with _again(doubt, output) as (again, stopped):
        if stopped:
            raise SystemExit(stopped)
        found = verification.compare(doubt.run, again, doubt.rows, doubt.tolerance)
    return found, CODES[found.verdict]


@contextmanager
def _again(doubt: Doubt, output: Output) -> Iterator[tuple[RunFolder, int]]:
    """The folder of the second run, and the exit code of a signal that cut it short."""
    spec = load(doubt.run.spec)
    with TemporaryDirectory(prefix="dlab-verify-") as place:
        folder = RunFolder(Path(place))
        with following(output) as reporter:
            compiling(reporter.compiled)
            experiment = build(spec, doubt.device, doubt.threads)
            _check_data(doubt.run, experiment.data)
            folder.prepare(spec.to_yaml(), experiment.data.validation is not None)
            stopped = _run(experiment, folder, doubt.rows[-1].step, reporter.see)
        yield folder, stopped


def _check_data(run: RunFolder, data: Any) -> None:
    known = run.facts()["data"]["sha256"]
    if known != data.sha256:
        told = (
            f"{data.name} is not the data this run was trained on (SHA-256 {data.sha256[:12]}..., not {known[:12]}...)"
        )
        raise DataError(f"{run.path}: different: {told}")


def _run(experiment: Experiment, folder: RunFolder, last: int, see: session.See) -> int:
    """Train up to the step `last`; the exit code of a signal, 0 if none came."""

    def until(record: Record) -> None:
        see(record)
        if isinstance(record, Evaluation) and record.step >= last:
            experiment.trainer.stop()

    with stopping(experiment.trainer) as stop, suppress(Diverged):  # what is missing then is a difference
        session.run(experiment, folder, until)
    return stop.exit_code
