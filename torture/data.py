"""Damaged data files of every format: refused with the file's name, or whole, in two seconds of the processor's time.

python -m torture.data --cases 10000                     # of each format
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tests import mutants

from dlab.errors import DataError
from dlab.registry import DATASETS
from torture import frame

SECONDS = 2.0


def cases(cases: int, seed: int) -> Iterator[frame.Case]:
    """So many damaged files of each format."""
    for kind, (make, name, summed) in mutants.FORMATS.items():
        with tempfile.TemporaryDirectory() as folder:
            path, file = make(Path(folder))
            entry, sound = DATASETS[name](path=str(path)), file.read_bytes()
            good = entry.load().train
            for number in range(seed, seed + cases):
                file.write_bytes(mutants.file(sound, number))
                yield f"{kind}, seed {number}", partial(attempt, kind, entry, good, summed)


def attempt(kind: str, entry: Any, good: Any, summed: bool) -> str:
    """What became of a file; AssertionError or another one where it should not have."""
    begun = time.process_time()
    end = outcome(entry, good)
    assert time.process_time() - begun < SECONDS, "too slow"
    assert not (summed and end == "other numbers"), "other numbers, although there is a checksum"
    return f"{kind}: {end}"


def outcome(entry: Any, good: Any) -> str:
    """Whether a set is refused, whole, or has other numbers, which must be sound."""
    try:
        found = entry.load().train
    except DataError as fault:
        if str(entry.path) in str(fault):
            return "refused"
        raise
    assert np.isfinite(found.x).all()
    assert len(found.x) == len(found.targets)
    same = np.array_equal(found.x, good.x) and np.array_equal(found.targets, good.targets)
    return "whole" if same else "other numbers"


if __name__ == "__main__":
    chosen = vars(frame.arguments(__doc__, cases=10_000, seed=0))
    sys.exit(frame.run("data", cases(**chosen), **chosen))
