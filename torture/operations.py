"""Every operation on the disk of a run of two epochs, failing in every way; then the same in the run that goes on.

python -m torture.operations [--every 1] [--errors 3] [--stacked 20000] [--seed 0]

A network of the reference backend, with Adam, dropout, a schedule and early stopping.  After each fault the run is
gone on with, and must come to the bytes of the unbroken one.  Stacked cases have two to four faults in a row.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests.results import faults
from tests.results.networks import experiment

from dlab.results import saver
from torture import frame

KINDS = (*faults.KILLS, *(f"{error} {often}" for error in faults.ERRORS for often in faults.OFTEN))
Faults = list[tuple[int, str]]


def attempt(make: Callable[[], Any], whole: dict[str, bytes], planned: Faults) -> str:
    """A run with these faults in it, one in each start, and one more start without; how the faults ended."""
    with tempfile.TemporaryDirectory(dir=faults.MEMORY) as name:
        ended, clean = [], True
        for at, kind in planned:
            ended.append(faults.ends(Path(name), make, at, kind))
            clean &= kind.endswith("once")
            faults.check(Path(name), clean)
        found = faults.go_on(Path(name), make)
        assert found == whole, [key for key in whole if found.get(key) != whole[key]]
    return ", ".join(ended)


def measured(make: Callable[[], Any]) -> tuple[dict[str, bytes], int]:
    """The bytes of the unbroken run, and how many operations it takes."""
    with tempfile.TemporaryDirectory(dir=faults.MEMORY) as name, faults.disk() as used:
        faults.train(Path(name), make)
        folder = faults.run_in(Path(name))
        assert folder
        return faults.bytes_of(folder.path), used.count


def cases(make: Callable[[], Any], every: int, errors: int, stacked: int, seed: int) -> Iterator[frame.Case]:
    """Every operation with every kind of fault, with `errors` kinds of errors in turn; then several drawn at random."""
    whole, count = measured(make)
    for at in range(1, count + 1, every):
        turn = [faults.ERRORS[(at + number) % len(faults.ERRORS)] for number in range(errors)]
        for kind in (*faults.KILLS, *(f"{error} {often}" for error in turn for often in faults.OFTEN)):
            yield f"{kind} at {at} of {count}", partial(attempt, make, whole, [(at, kind)])
    random = Random(seed)
    for _ in range(stacked):
        planned = [(random.randint(1, count), random.choice(KINDS)) for _ in range(random.randint(2, 4))]
        yield str(planned), partial(attempt, make, whole, planned)


if __name__ == "__main__":
    saver.SHARE = 1e9  # a checkpoint at every evaluation
    chosen = vars(frame.arguments(__doc__, every=1, errors=3, stacked=20_000, seed=0))
    sys.exit(frame.run("operations", cases(experiment, **chosen), **chosen))
