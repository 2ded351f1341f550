"""The results of an experiment, and what a claim of a lecture is held against; `reproduce.py` makes the page."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean

import numpy as np

Finding = tuple[str, str, bool]  # the claim, what was measured, whether it holds


class Results:
    """The files of one experiment in results/reference."""

    def __init__(self, path: Path):
        self.path = path

    @cached_property
    def variants(self) -> dict[str, dict[str, str]]:
        """summary.csv by variant."""
        return {row["variant"]: row for row in self.table("summary.csv")}

    def table(self, name: str) -> list[dict[str, str]]:
        """A CSV file, a dictionary a row."""
        return list(csv.DictReader((self.path / name).read_text(encoding="utf-8").splitlines()))

    def arrays(self, name: str) -> Mapping[str, np.ndarray]:
        """A .npz file."""
        with np.load(self.path / name) as found:
            return dict(found)

    def facts(self) -> dict:
        """run.json."""
        return json.loads((self.path / "run.json").read_text(encoding="utf-8"))

    def mean(self, variant: str, column: str = "test_accuracy") -> float:
        """The mean over the seeds at the last step; not a number where no seed has finished."""
        return float(self.variants[variant][column] or "nan")

    def told(self, variant: str, column: str = "test_accuracy") -> str:
        """The same with its deviation."""
        deviation = self.variants[variant][f"{column}_std"]
        return f"{self.mean(variant, column):.3f}" + (f" ± {float(deviation):.3f}" if deviation else "")

    def at(self, variant: str, step: int, column: str = "test_accuracy") -> float:
        """The mean over the seeds at a step."""
        rows = [row for row in self.table("results.csv") if row["variant"] == variant and int(row["step"]) == step]
        return mean(float(row[column]) for row in rows)

    def curve(self, variant: str, column: str = "test_accuracy") -> list[float]:
        """The means over the seeds, step by step."""
        rows = [row for row in self.table("results.csv") if row["variant"] == variant]
        steps = dict.fromkeys(int(row["step"]) for row in rows)
        return [mean(float(row[column]) for row in rows if int(row["step"]) == step) for step in steps]

    def layers(self, variant: str, column: str, step: int = 0) -> list[float]:
        """A column of layers.csv for the first seed, layer by layer, without the output layer."""
        rows = [row for row in self.table("layers.csv") if row["variant"] == variant and int(row["step"]) == step]
        first = min(int(row["seed"]) for row in rows)
        *hidden, _ = [row[column] for row in rows if int(row["seed"]) == first]
        return [float(value) for value in hidden if value]


def numbers(values: Iterable[float]) -> str:
    """A few numbers in three digits."""
    return ", ".join(f"{value:.3g}" for value in values)


@dataclass(frozen=True)
class Experiment:
    """One experiment of claims.yaml: what the lectures say, the specs that run it, and the judge of their results."""

    tag: str
    title: str
    lecture: str
    command: str = ""
    specs: tuple[str, ...] = ()
    setup: str = ""
    judge: str = ""
    erratum: str = ""
    pictures: tuple[str, ...] = ()
