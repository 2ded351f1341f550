"""Damaged data files of every format: refused with the file's name, or whole; soon, and without taking memory.

python -m torture.data --cases 10000
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tests import mutants

from dlab import __version__, machine
from dlab.errors import DataError
from dlab.registry import DATASETS

RESULTS = Path(__file__).parent / "results" / "data.json"
SECONDS = 2.0


def main() -> None:
    """Try so many files of each format, and write down what came of them; the exit code is 1 if one did harm."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=10_000)
    cases = options.parse_args().cases
    formats = {kind: torture(kind, cases) for kind in mutants.FORMATS}
    found = {"dlab": __version__, "cases_of_each_format": cases, "formats": formats}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    raise SystemExit(any(told["escaped"] or told["slow"] for told in formats.values()))


def torture(kind: str, cases: int) -> dict[str, Any]:
    """Counts for one format, and the seeds of the files that were neither refused nor whole."""
    make, name, summed = mutants.FORMATS[kind]
    counts, escaped, slow, slowest = {"refused": 0, "whole": 0, "other numbers": 0}, [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        path, file = make(Path(folder))
        entry, sound = DATASETS[name](path=str(path)), file.read_bytes()
        good, before = entry.load().train, machine.resident()
        for seed in range(cases):
            file.write_bytes(mutants.file(sound, seed))
            begun = time.process_time()
            end = tried(entry, good, path)
            slowest = max(slowest, spent := time.process_time() - begun)
            slow += [seed] if spent > SECONDS else []
            if end not in counts or (summed and end == "other numbers"):
                escaped.append([seed, end])
            else:
                counts[end] += 1
        growth = machine.resident() - before
    return {"checksum": summed, **counts, "escaped": escaped, "slow": slow,
            "slowest_cpu_seconds": round(slowest, 3), "growth_bytes": growth}  # fmt: skip


def tried(entry: Any, good: Any, path: Path) -> str:
    """What became of a file: "refused", "whole", "other numbers" where no checksum tells, or what escaped."""
    try:
        found = entry.load().train
    except DataError as fault:
        return "refused" if str(path) in str(fault) else f"does not name the file: {fault}"
    except Exception as escaped:
        return f"{type(escaped).__name__}: {escaped}"
    if not np.isfinite(found.x).all() or len(found.x) != len(found.targets):
        return "unsound numbers"
    same = np.array_equal(found.x, good.x) and np.array_equal(found.targets, good.targets)
    return "whole" if same else "other numbers"


if __name__ == "__main__":
    main()
