"""What `dlab train` does: a job is a spec and the folder it runs in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dlab.assemble import build
from dlab.errors import SpecError
from dlab.kernels import compiling, gpu_facts
from dlab.report.output import Output
from dlab.report.progress import following, logged
from dlab.results import durable, session
from dlab.results.folder import RunFolder
from dlab.results.shelf import create, find
from dlab.spec import load
from dlab.training.signals import stopping

COMMAND = "train"


@dataclass(frozen=True)
class Job:
    """A spec to train, where its results go, and what computes."""

    spec: Any
    root: Path
    name: str | None
    device: str | None
    threads: int | None
    resumed: RunFolder | None = None
    finished: bool = False  # before it was resumed

    def folder(self, validated: bool) -> RunFolder:
        """The run's folder, made where there is none to resume."""
        return self.resumed or create(self.root, COMMAND, self.name or self.spec.name, self.spec.to_yaml(), validated)


def job(
    spec: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    output_dir: Path,
    name: str | None,
    resume: str | None,
    **machine: Any,
) -> Job:
    """The job that the command line asks for: a new one from `spec`, or the one to resume."""
    if resume is None:
        if spec is None:
            raise click.UsageError("give a SPEC to train, or --resume RUN")
        return Job(load(spec, overrides, seed), output_dir, name, **machine)
    if spec or overrides or name or seed is not None:
        raise click.UsageError(
            "--resume goes on with the run's own spec and name: leave SPEC, -s, --seed and --name out"
        )
    folder = find(output_dir, COMMAND, resume)
    if not isinstance(folder, RunFolder):
        raise SpecError(f"{folder.path} is a study: `dlab {folder.path.parent.name} --resume` goes on with it")
    return Job(load(folder.spec), output_dir, None, **machine, resumed=folder, finished=folder.status() == "done")


def train(job: Job, output: Output) -> tuple[RunFolder, int]:
    """Train, and return the folder and the exit code."""
    if job.resumed and job.finished:
        output.note(f"{job.resumed.path} is already finished")
        return job.resumed, 0
    if job.spec.compare:
        output.warn("the spec's `compare:` is for the commands that compare; this trains its base once")
    durable.check_writable(job.resumed.path if job.resumed else job.root / COMMAND)
    with following(output) as reporter:
        compiling(reporter.compiled)
        experiment = build(job.spec, job.device, job.threads)
        folder = job.folder(experiment.data.validation is not None)
        output.note(f"results go to {folder.path}")
        _say_what_computes(experiment.device, folder.facts().get("device"), output)
        with logged(folder, reporter) as both, stopping(experiment.trainer) as stop:
            session.run(experiment, folder, both.see, resume=job.resumed is not None)
    return folder, stop.exit_code  # also where the last batch was done: what comes after in a script is not wanted


def _say_what_computes(device: str, before: str | None, output: Output) -> None:
    """The GPU, if it is one; and that bits differ, where a run goes on on another kind of device."""
    if facts := gpu_facts(device):
        output.note(f"computing on {device}: {facts['gpu']}")
    if before and before.partition(":")[0] != device.partition(":")[0]:
        output.note(f"this run began on {before}: from here on its bits differ from those it would have there")
