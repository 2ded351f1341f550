"""What `dlab bench` does: measure convolutions or a training step, and keep what was found in a folder."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import click

from dlab import kernels
from dlab.assemble import Experiment, build, device_of, threads_of
from dlab.report.output import Output
from dlab.report.progress import following
from dlab.results import durable, session
from dlab.results.measured import CONVOLUTIONS, STEP, BenchFolder
from dlab.results.shelf import claim
from dlab.studies.bench import convolution, step
from dlab.studies.bench.convolution import Limits, limits
from dlab.studies.bench.problem import LECTURES, Problem, parse
from dlab.studies.room import afford

COMMAND = "bench"


@dataclass(frozen=True)
class Bench:
    """Where the results go, how long to measure, and what computes."""

    root: Path
    name: str | None
    seconds: float
    device: str | None
    threads: int | None


def problems(shapes: Sequence[str], batch: int | None) -> list[Problem]:
    """The convolutions that the command line asks for; those of the lectures if it names none."""
    try:
        found = [parse(shape) for shape in shapes] or list(LECTURES)
    except ValueError as fault:
        raise click.BadParameter(str(fault), param_hint="--shape") from None
    return [replace(problem, batch=batch or problem.batch) for problem in found]


def compare(bench: Bench, found: Sequence[Problem], output: Output) -> BenchFolder:
    """Convolutions three ways, into a new folder."""
    device, threads = device_of(bench.device or "cpu"), threads_of(bench.threads)
    for problem in found:
        afford(problem.memory, str(problem))
    about = f"{len(found)} convolution{'s' * (len(found) > 1)} three ways"
    folder = BenchFolder(claim(bench.root, COMMAND, bench.name or CONVOLUTIONS))
    with following(output) as reporter:
        kernels.compiling(reporter.compiled)
        with _kept(folder, output, CONVOLUTIONS, about, device=device, threads=threads) as log:
            say, ops = _teller(output, log), kernels.backend(device)
            races: list[convolution.Race] = []
            seen: list[Limits] = []
            for problem in found:
                say(str(problem))
                seen.append(limits(threads))
                races += convolution.races(problem, ops, threads, bench.seconds)
            best = _best(folder, seen)
            folder.ways.write(convolution.rows(races, best.fma))
            folder.keep_raw({"limits": [asdict(one) for one in seen], "races": [asdict(race) for race in races]})
    return folder


def profile(bench: Bench, spec: Any, output: Output) -> BenchFolder:
    """The calls of a spec's training step, into a new folder."""
    durable.check_writable(bench.root / COMMAND)
    with following(output) as reporter:
        kernels.compiling(reporter.compiled)
        experiment = build(spec, bench.device, bench.threads, named=True)
        folder = BenchFolder(claim(bench.root, COMMAND, bench.name or spec.name))
        durable.replace(folder.spec, spec.to_yaml().encode())
        facts = {"device": experiment.device, "threads": experiment.threads}
        with _kept(folder, output, STEP, session.about(spec), **facts):
            _profile(experiment, folder, bench.seconds)
    return folder


def _profile(experiment: Experiment, folder: BenchFolder, seconds: float) -> None:
    seen = [limits(experiment.threads)]
    kernels.set_threads(experiment.threads)
    times = step.measure(experiment.trainer, seconds)
    seen.append(limits(experiment.threads))
    found = step.rows(times, experiment.network.nodes, _best(folder, seen).fma)
    folder.calls.write(found)
    folder.describe(batch=times.plan.batch, steps=len(times.whole), step_seconds=times.step)
    calls = [{"layer": row.layer, "kernel": row.kernel} for row in found]
    watched = [call | {"seconds": spent} for call, spent in zip(calls, times.calls, strict=True)]
    folder.keep_raw({"limits": [asdict(one) for one in seen], "steps": times.whole, "calls": watched})


def _best(folder: BenchFolder, seen: Sequence[Limits]) -> Limits:
    """The highest limits that were seen: a busy machine lowers them now and then; into run.json with the lowest."""
    best = Limits(max(one.fma for one in seen), max(one.copy for one in seen))
    folder.describe(fma_limit=best.fma, copy_limit=best.copy, lowest_fma_limit=min(one.fma for one in seen))
    return best


@contextmanager
def _kept(folder: BenchFolder, output: Output, measured: str, about: str, **facts: Any) -> Iterator[IO[str]]:
    """The folder's log, while run.json tells what happens."""
    output.note(f"results go to {folder.path}")
    with session.kept(folder, measured=measured, about=about, **facts) as log:
        yield log


def _teller(output: Output, log: IO[str]) -> Callable[[str], None]:
    """Lines for the user and for the log."""

    def say(text: str) -> None:
        output.note(text)
        log.write(f"{time.strftime('%H:%M:%S')}  {text}\n")

    return say
