"""Convolutions three ways: checked against each other, timed in turn, held against what the machine can do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from dlab import kernels
from dlab.errors import DlabError
from dlab.results.measured import WayRow
from dlab.studies.bench.problem import Problem
from dlab.studies.bench.timing import in_turn, timed
from dlab.studies.bench.ways import DIRECTIONS, WAYS, Arrays, Definition, Way, draw

TOLERANCE = 1e-4  # of float32 sums in different orders, relative to the largest number
PATIENCE = 4.0  # a way is left out where one call would take so many times the time that is given to a direction


@dataclass(frozen=True)
class Race:
    """One direction of one convolution: the median seconds of every round, the errors, the estimates of what is out."""

    problem: Problem
    direction: str
    rounds: dict[str, list[float]]
    errors: dict[str, float]
    left_out: dict[str, float]


@dataclass(frozen=True)
class Limits:
    """What the machine can do: GFLOP/s in registers, GB/s in a copy."""

    fma: float
    copy: float


def limits(threads: int) -> Limits:
    """The limits at this moment."""
    return Limits(kernels.fma_limit(threads), kernels.copy_limit(threads))


def races(problem: Problem, ops: kernels.Backend, threads: int, seconds: float) -> Iterator[Race]:
    """All directions of a convolution; DlabError where the ways disagree."""
    kernels.set_threads(threads)
    arrays = draw(problem)
    ways = [way(problem, arrays, ops) for way in WAYS]
    with threadpool_limits(threads, user_api="blas"):
        for direction in DIRECTIONS:
            estimates = _estimates(problem, arrays, ops, direction, threads)
            left_out = {name: time for name, time in estimates.items() if time > PATIENCE * seconds}
            running = [way for way in ways if way.name not in left_out]
            errors = check(problem, running, direction)
            rounds = in_turn({way.name: way.calls[direction] for way in running}, seconds)
            yield Race(problem, direction, rounds, errors, left_out)


def check(problem: Problem, ways: Sequence[Way], direction: str) -> dict[str, float]:
    """Run every way once; each one's largest difference to the first, relative to the largest number."""
    for way in ways:
        way.calls[direction]()
    first, *others = (way.result(direction) for way in ways)
    scale = float(np.abs(first).max())
    errors = {ways[0].name: 0.0}
    for way, found in zip(ways[1:], others, strict=True):
        errors[way.name] = error = float(np.abs(found - first).max()) / scale
        if not error <= TOLERANCE:
            pair = f"{way.name} and {ways[0].name}"
            raise DlabError(f"{problem}, {direction}: {pair} differ by {error:.1e}; {TOLERANCE:.0e} is allowed")
    return errors


def rows(found: Iterable[Race], fma_limit: float) -> list[WayRow]:
    """A row for every way of every race, those that were left out included."""
    return [_row(race, way.name, fma_limit) for race in found for way in WAYS]


def _row(race: Race, way: str, fma_limit: float) -> WayRow:
    problem = race.problem
    place = problem.name, problem.sizes, problem.batch, race.direction, way
    work = problem.flops, problem.bytes, problem.intensity
    if way in race.left_out:
        return WayRow(*place, None, None, None, None, *work)
    seconds = median(race.rounds[way])
    gflops = problem.flops / seconds / 1e9
    return WayRow(*place, seconds, gflops, gflops / fma_limit, race.errors[way], *work)


def _estimates(
    problem: Problem, arrays: Arrays, ops: kernels.Backend, direction: str, threads: int
) -> dict[str, float]:
    """Seconds that a call of the definition will take, from a few samples: the other ways are never that slow."""
    few = replace(problem, batch=min(threads, problem.batch))
    pilot = Definition(few, arrays.first(few.batch), ops)
    return {Definition.name: timed(pilot.calls[direction]) * problem.batch / few.batch}
