"""A run from its first record to its last: rows, checkpoints and a status that is true whatever happens."""

import math
import os
import platform
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Any, Protocol

from dlab import __version__, kernels
from dlab.errors import CheckpointError, Diverged, DlabError, EnvironmentFault
from dlab.results import checkpoint, durable
from dlab.results.folder import Folder, RunFolder
from dlab.results.records import Evaluation, Finished, Record, Snapshot, Timing, score
from dlab.results.saver import Saver

See = Callable[[Record], object]


class Trainer(Protocol):
    """What a run needs of a trainer."""

    def run(self) -> Iterator[Record]: ...

    def state(self) -> checkpoint.State: ...

    def restore(self, state: checkpoint.State) -> None: ...


def run(experiment: Any, folder: RunFolder, see: See, resume: bool = False) -> str:
    """Train, keep everything in `folder`, show every record to `see`, and return the status it ended with."""
    with folder.hold() as log, _accounted(folder, log):
        begun, before = time.monotonic(), folder.facts().get("seconds", 0.0)
        rows = _restore(experiment, folder) if resume else []
        folder.describe(status="running", **describe(experiment))
        status = _keep(experiment.trainer, folder, rows, see, experiment.data.sha256)
        folder.describe(status=status, seconds=round(before + time.monotonic() - begun, 3), **_metrics(folder, rows))
    return status


def throughput(timings: list[Timing]) -> float:
    """Samples per second of training, over a whole run."""
    seconds = sum(timing.train_seconds for timing in timings)
    return sum(timing.samples_per_second * timing.train_seconds for timing in timings) / seconds if seconds else 0.0


def describe(experiment: Any) -> dict[str, Any]:
    """The facts of run.json that are known before the first step."""
    spec, data = experiment.spec, experiment.data
    return {
        "about": about(spec),
        "data": {"name": data.name, "sha256": data.sha256},
        "seed": spec.train.seed,
        "device": experiment.device,
        "gpu": kernels.gpu_facts(experiment.device) or None,
        "threads": experiment.threads,
        "parameters": sum(row.parameters for row in experiment.summary()),
        **origin(),
    }


def origin() -> dict[str, Any]:
    """The facts of run.json on who began it: command, versions, time, process."""
    return {
        "command": shlex.join(["dlab", *sys.argv[1:]]),
        "versions": {"python": platform.python_version(), "dlab": __version__} | _versions("numpy", "numba"),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "pid": os.getpid(),
    }


@contextmanager
def kept(folder: Folder, **facts: Any) -> Iterator[IO[str]]:
    """Work that fills a folder without training: yields its log; run.json says what came of it and how long it took."""
    with folder.hold() as log, _accounted(folder, log):
        begun = time.monotonic()
        folder.describe(status="running", **facts, **origin())
        yield log
        folder.describe(status="done", seconds=round(time.monotonic() - begun, 3))


def about(spec: Any) -> str:
    """Network, data and optimizer in one short line."""
    return f"{subject(spec)}, {spec.optimizer.type_name} with lr {spec.optimizer.lr:g}"


def subject(spec: Any) -> str:
    """Network and data."""
    network = spec.model.preset.type_name if spec.model.preset else f"{len(spec.model.layers)} layers"
    return f"{network}, {spec.data.type_name}"


def _keep(trainer: Trainer, folder: RunFolder, rows: list[Evaluation], see: See, data: str) -> str:
    saver = Saver(folder, data)
    try:
        status = _follow(trainer, folder, rows, see, saver)
    except BaseException:
        # A full disk must not hide what went wrong first.
        with suppress(DlabError):
            saver.save()
        raise
    state = trainer.state()
    saver.save(None if rows and rows[-1].step == state["step"].item() else state)
    return status


def _follow(trainer: Trainer, folder: RunFolder, rows: list[Evaluation], see: See, saver: Saver) -> str:
    status = "interrupted"
    for record in trainer.run():
        if isinstance(record, Evaluation):
            rows.append(record)
            folder.evaluations.append(record)
        elif isinstance(record, Snapshot):
            folder.keep(record)
        elif isinstance(record, Timing):
            folder.timings.append(record)
            saver.note(trainer.state(), rows)
        elif isinstance(record, Finished) and record.reason in ("done", "early stop"):
            status = "done"
        see(record)
    return status


def _restore(experiment: Any, folder: RunFolder) -> list[Evaluation]:
    durable.sweep(folder.path)
    durable.sweep(folder.last.parent)
    step = -1
    if folder.last.exists():
        state, facts = checkpoint.load(folder.last)
        if facts.get("data") != experiment.data.sha256:
            raise CheckpointError(f"{folder.last}: {experiment.data.name} is not the data this run began with")
        experiment.trainer.restore(state)
        step = state["step"].item()
    for table in folder.tables():
        table.cut(step or -1)  # at step 0 the trainer looks at its layers again
    return folder.evaluations.read()


def _metrics(folder: RunFolder, rows: list[Evaluation]) -> dict[str, Any]:
    if not rows:
        return {"final": None, "best": None}
    rate = round(throughput(folder.timings.read()), 1)
    return {"final": _finite(rows[-1]), "best": _finite(min(rows, key=score)), "samples_per_second": rate}


def _finite(row: Evaluation) -> dict[str, Any]:
    # JSON has no word for a number that is not finite.
    return {name: value if value is None or math.isfinite(value) else None for name, value in asdict(row).items()}


@contextmanager
def _accounted(folder: Folder, log: IO[str]) -> Iterator[None]:
    try:
        yield
    except BaseException as fault:
        status = {Diverged: "diverged", KeyboardInterrupt: "interrupted", SystemExit: "interrupted"}
        # A full disk must not hide what went wrong first.
        with suppress(DlabError):
            folder.describe(status=status.get(type(fault), "failed"), error=str(fault))
        if isinstance(fault, MemoryError):
            raise EnvironmentFault("out of memory: try a smaller train.batch_size or train.eval_batch") from fault
        if not isinstance(fault, Exception) or isinstance(fault, DlabError):
            raise
        traceback.print_exception(fault, file=log)
        raise DlabError(f"internal error ({type(fault).__name__}: {fault}); the details are in {folder.log}") from fault


def _versions(*packages: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
