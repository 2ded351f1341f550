"""Makes the tables and pictures of docs/ from the results that are kept; `make docs` calls it."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
REFERENCE, TORTURE = ROOT / "results" / "reference", ROOT / "torture" / "results"
END = "<!-- end -->\n"


def main() -> None:
    """Write the tables between their marks, and copy the picture of the README."""
    put("experiments.md", "<!-- from results/reference -->\n", runs())
    put("reliability.md", "<!-- from torture/results -->\n", torture())
    shutil.copy(REFERENCE / "lenet-digits" / "results.png", ROOT / "docs" / "lenet.png")


def put(page: str, mark: str, lines: Iterable[list[str]]) -> None:
    """Write a table, whose first line is its head, between a mark of a page and the next end."""
    path = ROOT / "docs" / page
    head, *rows = lines
    table = "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))
    before, rest = path.read_text(encoding="utf-8").split(mark)
    path.write_text(before + mark + table + END + rest.split(END, 1)[1], encoding="utf-8")


def runs() -> list[list[str]]:
    """One row a run: what was trained, how far it came, and how long it took."""
    found = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in REFERENCE.glob("*/run.json")}
    classifiers = {name: facts for name, facts in found.items() if (facts.get("final") or {}).get("test_accuracy")}
    heads = ["run", "trained", "steps", "train accuracy", "test accuracy", "time"]
    return [heads, *(run(name, facts) for name, facts in sorted(classifiers.items()))]


def run(name: str, facts: dict) -> list[str]:
    """The row of one run."""
    last = facts["final"]
    share = [f"{100 * last[name]:.2f} %" for name in ("train_accuracy", "test_accuracy")]
    return [name, facts["about"], str(last["step"]), *share, f"{facts['seconds']:.1f} s"]


def torture() -> list[list[str]]:
    """One row a script: its command, how many cases it tried, and how many of them failed."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(TORTURE.glob("*.json"))]
    rows = [[f"`{one['command']}`", f"{one['tried']:,}", str(one["outcomes"].get("FAILED", 0))] for one in found]
    return [["command", "cases", "failed"], *rows]


if __name__ == "__main__":
    main()
