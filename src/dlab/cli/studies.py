"""What the commands do that compare: prepare a study's folder, run its cells, report."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from dlab.errors import SpecError
from dlab.machine import POLITE, cores
from dlab.registry import STUDIES
from dlab.report import progress, tables
from dlab.report.output import Output
from dlab.results.shelf import find
from dlab.results.study import StudyFolder
from dlab.spec import Spec, load
from dlab.studies.cells import cells, prepare
from dlab.studies.machine import Machine
from dlab.training.signals import stopping

SOME_FAILED = 8


@dataclass(frozen=True)
class Study:
    """A spec to compare variants of, where the results go, and what computes."""

    command: str
    spec: Spec
    root: Path
    name: str | None
    jobs: int
    threads: int
    device: str | None
    finished: StudyFolder | None = None  # the one to resume, where nothing is left to do

    def run(self, output: Output) -> tuple[StudyFolder, int]:
        """Run all cells that have not ended yet; the folder and the exit code."""
        if self.finished:
            output.note(f"{self.finished.path} is already finished")
            return self.finished, 0
        folder = prepare(self.root, self.command, self.name or self.spec.name, self.spec)
        output.note(f"results go to {folder.path}")
        with folder.hold() as log:
            folder.describe(status="running", started=datetime.now(UTC).isoformat(timespec="seconds"))
            machine = Machine(folder, log, self.jobs, self.threads, self.device)
            with progress.following_study(output, log, len(machine.plan)) as see, stopping(machine) as stop:
                for record in machine.run():
                    see(record)
            if not stop.exit_code:
                kind: Any = STUDIES[self.command]
                kind.illustrate(folder, self.spec)
            status, code = _end(folder, stop.exit_code)
            folder.describe(status=status)
        return folder, code


def _end(folder: StudyFolder, stopped: int) -> tuple[str, int]:
    """The status of the study, and the exit code."""
    if stopped:
        return "interrupted", stopped
    failed = any(outcome.status == "failed" for outcome in folder.outcomes())
    return ("failed", SOME_FAILED) if failed else ("done", 0)


def study(
    command: str,
    spec: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    seeds: int | list[int] | None,
    output_dir: Path,
    name: str | None,
    resume: str | None,
    device: str | None,
    threads: int | None,
    jobs: int | None,
) -> Study:
    """The study that the command line asks for: of `spec`, of the command's own spec, or the one to resume."""
    finished = None
    if resume is not None:
        if spec or overrides or name or seeds or seed is not None:
            raise click.UsageError("--resume goes on with the study's own spec and name: leave the other options out")
        folder = find(output_dir, command, resume)
        if not isinstance(folder, StudyFolder):
            raise SpecError(f"{folder.path} is a single run: `dlab train --resume` goes on with it")
        finished = folder if folder.status() == "done" else None
        output_dir, name, loaded = folder.path.parents[1], folder.path.name, load(folder.spec)
    else:
        if seed is not None:
            raise click.UsageError("a comparison has several seeds: --seeds 5, or --seeds 0,1,2")
        loaded = _loaded(command, spec, overrides, seeds)
    return Study(command, loaded, output_dir, name, *shares(len(cells(loaded)), jobs, threads), device, finished)


def _loaded(command: str, spec: str | None, overrides: tuple[str, ...], seeds: int | list[int] | None) -> Spec:
    """The spec, with the command's own variants where it has none."""
    kind: Any = STUDIES[command]
    given = (*overrides, *([f"compare.seeds={seeds}"] if seeds is not None else []))
    own = load(spec or kind.spec, given)
    if own.compare and (own.compare.variants or own.compare.grid):
        return own
    return load(spec or kind.spec, given, compare=kind.compare())


def shares(cells: int, jobs: int | None, threads: int | None) -> tuple[int, int]:
    """(jobs, threads of each): as asked, else one thread each and a polite share of the cores."""
    most = cores()
    polite = min(POLITE, most)
    jobs = min(cells, jobs or max(1, polite // (threads or 1)))
    threads = threads or max(1, max(polite, jobs) // jobs)
    if jobs * threads > most:
        raise SpecError(f"{jobs} jobs of {threads} threads want more than the {most} cores this process may use")
    return jobs, threads


def plan(study: Study, output: Output) -> None:
    """The cells of a study, without running any."""
    planned = cells(study.spec)
    lines = [(cell.name, cell.variant, cell.seed, _steps(spec)) for cell, spec in planned.items()]
    heads = ["cell", "variant", "seed>", "trains for>"]
    found = [{"cell": cell.name, "variant": cell.variant, "seed": cell.seed} for cell in planned]
    told = f"{len(planned)} cells, {study.jobs} at a time with {study.threads} threads each"
    output.show({"cells": found, "jobs": study.jobs, "threads": study.threads}, tables.listing(heads, lines), told)


def _steps(spec: Spec) -> str:
    options = spec.train
    return f"{options.iterations:,} iterations" if options.iterations else f"{options.epochs} epochs"
