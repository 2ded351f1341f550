"""Makes the tables and pictures of docs/ from the runs in results/reference; `make docs` calls it."""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "results" / "reference"
PAGE = ROOT / "docs" / "experiments.md"
BEGIN, END = "<!-- from results/reference -->\n", "<!-- end -->\n"


def main() -> None:
    """Write the table between its marks, and copy the picture of the README."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.split(END)[1], encoding="utf-8")
    shutil.copy(REFERENCE / "lenet-digits" / "results.png", ROOT / "docs" / "lenet.png")


def table() -> str:
    """One row a run: what was trained, how far it came, and how long it took."""
    head = "| run | trained | steps | train accuracy | test accuracy | time |\n|---|---|---|---|---|---|\n"
    found = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in REFERENCE.glob("*/run.json")}
    classifiers = {name: facts for name, facts in found.items() if (facts.get("final") or {}).get("test_accuracy")}
    return head + "".join(row(name, facts) for name, facts in sorted(classifiers.items()))


def row(name: str, facts: dict) -> str:
    """The row of one run."""
    last = facts["final"]
    share = [f"{100 * last[name]:.2f} %" for name in ("train_accuracy", "test_accuracy")]
    cells = [name, facts["about"], str(last["step"]), *share, f"{facts['seconds']:.1f} s"]
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
