"""Whether a run can be had again: its rows and weights, held against those of a second run."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from dlab.results import checkpoint
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation

EQUAL, CLOSE, DIFFERENT = "equal", "equal within tolerance", "different"


@dataclass(frozen=True)
class Difference:
    """The first number that is not the same: `row` counts from 1, None for weights; NaN is one that is missing."""

    row: int | None
    step: int
    column: str
    kept: float
    found: float


@dataclass(frozen=True)
class Verdict:
    """What the comparison came to; `changed` has what the bits depend on and is not as it was: (then, now)."""

    verdict: str
    rows: int
    weights: bool  # whether they were compared too
    changed: dict[str, tuple[Any, Any]]
    difference: Difference | None


class Pair(NamedTuple):
    """The numbers of a row, with a name each, or of an array of weights, under its name: of both runs."""

    row: int | None
    step: int
    names: list[str]
    kept: np.ndarray
    found: np.ndarray

    def same(self) -> np.ndarray:
        """Where the bits are the same."""
        return self.kept.view(np.int64) == self.found.view(np.int64)

    def close(self, tolerance: float) -> np.ndarray:
        """Where the numbers are, relative to the one that was kept, or to the largest of an array."""
        size = np.abs(self.kept)
        with np.errstate(invalid="ignore"):
            near = np.abs(self.kept - self.found) <= tolerance * (size if self.row else size.max(initial=0.0))
        return near | self.same()

    def first(self, wrong: np.ndarray) -> Difference:
        """What stands at the first place that is wrong."""
        at = int(np.flatnonzero(wrong)[0])
        name = self.names[at] if self.row else f"{self.names[0]}[{at}]"
        return Difference(self.row, self.step, name, float(self.kept[at]), float(self.found[at]))


def first_rows(kept: RunFolder, epochs: int) -> list[Evaluation]:
    """The rows of the first `epochs` epochs, at least one if there is any."""
    rows = kept.evaluations.read()
    return [row for row in rows if row.epoch <= epochs] or rows[:1]


def compare(kept: RunFolder, again: RunFolder, rows: list[Evaluation], tolerance: float) -> Verdict:
    """The first rows of a run, and its weights if these are all rows, against those of its second run.

    Equal are the same bits; within tolerance t is |kept - found| <= t |kept|, in weights t times the largest of them.
    """
    whole = kept.status() == "done" and len(rows) == len(kept.evaluations.read())
    pairs = [*_row_pairs(rows, again.evaluations.read()), *(_weight_pairs(kept, again) if whole else ())]
    small = _first((pair, ~pair.same()) for pair in pairs)
    large = _first((pair, ~pair.close(tolerance)) for pair in pairs)
    verdict = DIFFERENT if large else CLOSE if small else EQUAL
    return Verdict(verdict, len(rows), whole, changes(kept.facts(), again.facts()), large or small)


def changes(then: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What the bits of a run depend on and two run.json do not agree about: (then, now) by name."""
    old, new = _grounds(then), _grounds(now)
    return {name: (old[name], new[name]) for name in old if name in new and old[name] != new[name]}


def _grounds(facts: dict[str, Any]) -> dict[str, Any]:
    """What the bits of a run depend on besides its spec."""
    own = {name: facts[name] for name in ("device", "processor") if name in facts}
    data = {"data": facts["data"]["sha256"]} if "data" in facts else {}
    return {**facts.get("versions", {}), **data, **own}


def _row_pairs(kept: list[Evaluation], found: list[Evaluation]) -> Iterator[Pair]:
    """Rows of the same step; one that the second run lacks is all NaN."""
    again = {row.step: asdict(row) for row in found}
    for number, row in enumerate(kept, start=1):
        names, new = list(asdict(row)), again.get(row.step, {})
        old = _numbers(asdict(row).values())
        yield Pair(number, row.step, names, old, _numbers(new.get(name) for name in names))


def _weight_pairs(kept: RunFolder, again: RunFolder) -> Iterator[Pair]:
    """The arrays of both checkpoints, name by name."""
    old, new = (checkpoint.load(folder.last) for folder in (kept, again))
    step = int(old["step"][0])
    for name in sorted(set(old) | set(new)):
        one, other = (state.get(name, np.zeros(0)) for state in (old, new))
        if one.size != other.size:
            yield Pair(None, step, [f"size of {name}"], _numbers([one.size]), _numbers([other.size]))
        else:
            yield Pair(None, step, [name], *(np.asarray(array, np.float64).ravel() for array in (one, other)))


def _numbers(values: Iterable[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _first(pairs: Iterable[tuple[Pair, np.ndarray]]) -> Difference | None:
    """The first number of all pairs that is wrong."""
    return next((pair.first(wrong) for pair, wrong in pairs if wrong.any()), None)
