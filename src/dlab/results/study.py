"""The folder of a study, `results/<command>/<name>/`: a run's folder for every cell, and what they come to together."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlab.results.folder import Folder, RunFolder
from dlab.results.records import Evaluation

CELLS = "cells"


@dataclass(frozen=True)
class Cell:
    """A variant with a seed: one run of a study; `labels` are the variant's choices, one for every axis."""

    variant: str
    labels: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        return f"{self.variant}-s{self.seed}"


@dataclass(frozen=True)
class Outcome:
    """What has become of a cell: its rows and its seconds of training, step by step."""

    cell: Cell
    status: str
    error: str
    rows: list[Evaluation]
    seconds: dict[int, float]


@dataclass(frozen=True)
class StudyFolder(Folder):
    """The files of one study."""

    def cell(self, name: str) -> RunFolder:
        """The folder of one cell."""
        return RunFolder(self.path / CELLS / name)

    def plan(self) -> list[Cell]:
        """The cells, as run.json lists them."""
        return [Cell(cell["variant"], tuple(cell["labels"]), cell["seed"]) for cell in self.facts().get("cells", [])]

    def announce(self, cells: list[Cell], **facts: Any) -> None:
        """Put the cells and other facts into run.json."""
        self.describe(cells=[asdict(cell) for cell in cells], **facts)

    def outcomes(self) -> list[Outcome]:
        """What has become of every cell."""
        return [self._outcome(cell) for cell in self.plan()]

    def _outcome(self, cell: Cell) -> Outcome:
        folder = self.cell(cell.name)
        facts = folder.facts()
        if not facts:
            return Outcome(cell, "not run", "", [], {})
        total, seconds = 0.0, {}
        for timing in folder.timings.read():
            total += timing.train_seconds
            seconds[timing.step] = total
        return Outcome(cell, folder.status(), facts.get("error", ""), folder.evaluations.read(), seconds)


def in_folder(path: Path) -> bool:
    """Whether a study is kept there."""
    return (path / CELLS).is_dir()
