"""Damaged specs: each is refused in plain words or read, soon, and without taking memory.

python -m torture.specs --cases 50000
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests import mutants
from tests.spec.test_mutations import DEMONSTRATIONS
from tests.spec.test_spec import FULL

from dlab import __version__, machine
from dlab.errors import SpecError
from dlab.spec import shipped
from dlab.spec.reading import read

RESULTS = Path(__file__).parent / "results" / "specs.json"
SECONDS, GROWTH = 2.0, 200_000_000


def main() -> None:
    """Try so many specs, and write down what came of them; the exit code is 1 if one did harm."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=50_000)
    found = torture(options.parse_args().cases)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    raise SystemExit(bool(found["escaped"] or found["slow"] or found["growth_bytes"] > GROWTH))


def torture(cases: int) -> dict:
    """Counts, and the seeds of the specs that were not refused as they should be."""
    bases = [FULL, DEMONSTRATIONS, *(path.read_text(encoding="utf-8") for path in shipped().values())]
    counts, escaped, slow, slowest = {"refused": 0, "read": 0}, [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.yaml"
        tried(b"data: xor\nmodel: lenet\n", path)
        before = machine.resident()
        for seed in range(cases):
            end, spent = tried(mutants.spec(bases[seed % len(bases)], seed), path)
            slowest = max(slowest, spent)
            slow += [seed] if spent > SECONDS else []
            if end in counts:
                counts[end] += 1
            else:
                escaped.append([seed, end])
        growth = machine.resident() - before
    return {"dlab": __version__, "cases": cases, **counts, "escaped": escaped, "slow": slow,
            "slowest_cpu_seconds": round(slowest, 3), "growth_bytes": growth}  # fmt: skip


def tried(content: bytes, path: Path) -> tuple[str, float]:
    """What became of a spec ("refused", "read", or what escaped), and the processor's time."""
    path.write_bytes(content)
    begun = time.process_time()
    try:
        read(path)
        end = "read"
    except SpecError as fault:
        end = "refused" if all(map(str.isprintable, str(fault).split("\n"))) else "said what cannot be printed"
    except Exception as escaped:
        end = f"{type(escaped).__name__}: {escaped}"
    return end, time.process_time() - begun


if __name__ == "__main__":
    main()
