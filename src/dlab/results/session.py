"""A run from its first record to its last: rows, checkpoints and a status that is true whatever happens."""

import json
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
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Any, Protocol

from dlab import __version__, kernels, machine
from dlab.errors import Diverged, DlabError, EnvironmentFault, told
from dlab.results import checkpoint, durable
from dlab.results.checkpoints import Checkpoints
from dlab.results.folder import Folder, RunFolder
from dlab.results.records import Evaluation, Finished, Record, Remark, Snapshot, Timing, score
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
        begun, before = time.monotonic(), folder.facts()
        checkpoints = Checkpoints(folder, identity(experiment), lambda text: see(Remark(text)))
        best = _restore(experiment, checkpoints, bool(before)) if resume else None
        folder.describe(status="running", **describe(experiment), **({"error": ""} if before.get("error") else {}))
        rows = folder.evaluations.read()
        status = _keep(experiment.trainer, folder, rows, see, Saver(checkpoints, best))
        seconds = before.get("seconds", 0.0) + time.monotonic() - begun
        folder.describe(status=status, seconds=round(seconds, 3), **_metrics(folder, rows))
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
        "command": _abroad(shlex.join(["dlab", *sys.argv[1:]])),
        "versions": versions(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": machine.processor(),
        "host": platform.node(),
        "pid": os.getpid(),
    }


@lru_cache
def versions() -> dict[str, str]:
    """Versions of everything that the numbers depend on."""
    found = {"python": platform.python_version(), "dlab": __version__}
    for package in ("numpy", "numba"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _abroad(text: str) -> str:
    """Text that may be handed on: whose home it came from is nobody's business."""
    home = os.path.expanduser("~")
    return text.replace(home, "~") if len(home) > 1 else text


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


def _keep(trainer: Trainer, folder: RunFolder, rows: list[Evaluation], see: See, saver: Saver) -> str:
    try:
        status = _follow(trainer, folder, rows, see, saver)
    except Exception:
        # A full disk must not hide what went wrong first.
        with suppress(DlabError):
            saver.save()
        raise
    saver.end(trainer.state(), rows)
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


def identity(experiment: Any) -> dict[str, Any]:
    """What a checkpoint and the run that goes on from it must have in common."""
    spec = json.loads(json.dumps(experiment.spec.to_dict()))
    return {"data": experiment.data.sha256, "spec": spec, "versions": versions()}


def _restore(experiment: Any, checkpoints: Checkpoints, begun: bool) -> checkpoint.State | None:
    """Put trainer and folder where the newest sound checkpoint was, else at the start; returns the best weights."""
    folder = checkpoints.folder
    for place in (folder.path, folder.last.parent, folder.checkpoints):
        durable.sweep(place)
    step, best = checkpoints.restore(experiment.trainer.restore)
    if not step:
        if begun:
            checkpoints.tell("there is no complete checkpoint: the run starts again at step 0, with the same seed")
        folder.begin(experiment.data.validation is not None)
    return best


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
    except Exception as fault:
        plain = told(fault)
        # A full disk must not hide what went wrong first.
        with suppress(DlabError):
            folder.describe(status="diverged" if isinstance(fault, Diverged) else "failed", error=str(plain or fault))
        if plain and not folder.path.exists():
            plain = EnvironmentFault(f"{folder.path} was moved or deleted, so that the run cannot be kept any more")
        if plain:
            raise plain from fault
        traceback.print_exception(fault, file=log)
        raise DlabError(f"internal error ({type(fault).__name__}: {fault}); the details are in {folder.log}") from fault
    except BaseException:
        with suppress(DlabError):
            folder.describe(status="interrupted")
        raise
