"""Damaged specs: each is refused in plain words or read, within two seconds of the processor's time.

python -m torture.specs --cases 50000
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests import mutants
from tests.spec.specs import FULL
from tests.spec.test_mutations import DEMONSTRATIONS

from dlab import machine
from dlab.errors import SpecError
from dlab.spec import shipped
from dlab.spec.reading import read
from torture import frame

SECONDS, GROWTH = 2.0, 200_000_000
BASES = [FULL, DEMONSTRATIONS, *(path.read_text(encoding="utf-8") for path in shipped().values())]


def cases(cases: int, seed: int) -> Iterator[frame.Case]:
    """So many damaged specs, and how much the process has grown over all of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.yaml"
        attempt(FULL.encode(), path)
        before = machine.resident()
        for number in range(seed, seed + cases):
            yield f"seed {number}", partial(attempt, mutants.spec(BASES[number % len(BASES)], number), path)
        yield "memory at the end", partial(check_growth, before)


def attempt(content: bytes, path: Path) -> str:
    """What became of a spec; AssertionError or another one where it should not have."""
    path.write_bytes(content)
    begun = time.process_time()
    try:
        read(path)
        end = "read"
    except SpecError as fault:
        end = "refused" if all(map(str.isprintable, str(fault).split("\n"))) else "told what cannot be printed"
    assert end in ("read", "refused")
    assert time.process_time() - begun < SECONDS, "too slow"
    return end


def check_growth(before: int) -> str:
    """Memory does not grow with the number of specs that were read."""
    grown = machine.resident() - before
    assert grown < GROWTH, f"the process has grown by {grown:,} bytes"
    return "grew by less than 200 MB"


if __name__ == "__main__":
    chosen = vars(frame.arguments(__doc__, cases=50_000, seed=0))
    sys.exit(frame.run("specs", cases(**chosen), **chosen))
