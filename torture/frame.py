"""What the torture scripts share: cases that are tried one by one, outcomes that are counted, a JSON file that says so.

A script is run from the project's folder as `python -m torture.NAME`; its short form in tests/ imports its cases.

    def cases(count, seed):                                  # (what it is, what to try)
        for number in range(count):
            yield f"seed {seed}, case {number}", partial(attempt, seed, number)

    if __name__ == "__main__":
        chosen = vars(frame.arguments(__doc__, count=20_000, seed=0))
        sys.exit(frame.run("checkpoints", cases(**chosen), **chosen))

What is tried returns the outcome in a word or two, such as "refused".  Whatever it raises is a failure: so it asserts.
"""

import argparse
import json
import platform
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "numba", "safetensors", "pydantic", "pyyaml", "click")
KEPT = 100  # failures that are told in full
Case = tuple[str, Callable[[], str]]


def arguments(text: str | None, **defaults: int) -> argparse.Namespace:
    """The numbers that a script takes, each an option with its default."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    return parser.parse_args()


def outcomes(cases: Iterable[Case], limit: float = 60.0) -> tuple[Counter[str], list[dict[str, str]]]:
    """How often each outcome came, and what failed; a case that takes more than `limit` seconds hangs, and fails."""
    counts: Counter[str] = Counter()
    failures = []
    for name, attempt in cases:
        try:
            with _limited(limit):
                counts[attempt()] += 1
        except Exception as fault:
            counts["FAILED"] += 1
            failures.append({"case": name, "fault": "".join(traceback.format_exception(fault))})
    return counts, failures


def run(name: str, cases: Iterable[Case], /, limit: float = 60.0, **chosen: Any) -> int:
    """Try all cases, print and keep the counts in results/NAME.json; the exit code is 1 if any failed."""
    begun = monotonic()
    counts, failures = outcomes(cases, limit)
    for failure in failures[:KEPT]:
        print(f"{failure['case']}\n{failure['fault']}")
    found = {"outcomes": dict(sorted(counts.items())), "failures": failures[:KEPT]}
    RESULTS.mkdir(exist_ok=True)
    facts = _facts(name) | chosen | {"tried": counts.total(), "seconds": round(monotonic() - begun, 1)}
    (RESULTS / f"{name}.json").write_text(json.dumps(facts | found, indent=1) + "\n")
    print(f"{name}: {counts.total()} cases, {counts['FAILED']} failed; {found['outcomes']}")
    return int(counts["FAILED"] > 0)


def _facts(name: str) -> dict[str, Any]:
    return {
        "command": " ".join([f"python -m torture.{name}", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}},
    }


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def hung(number: int, frame: object) -> None:
        raise TimeoutError(f"still not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, hung)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
