"""What a study's folder holds beside its cells: small computed examples, as CSV files, each drawn as a figure."""

from dataclasses import dataclass

from dlab.results.rows import Rows
from dlab.results.study import StudyFolder


@dataclass(frozen=True)
class PathPoint:
    """A place on the way of an optimizer over a surface; `noise` is the deviation added to its gradients."""

    surface: str
    optimizer: str
    lr: float
    noise: float
    run: int
    step: int
    x: float
    y: float
    value: float


@dataclass(frozen=True)
class RatePoint:
    """The gradient that a step saw, and the effective rate that it was multiplied by."""

    optimizer: str
    lr: float
    step: int
    gradient: float
    rate: float


@dataclass(frozen=True)
class ContourPoint:
    """A point of a curve in the panel of a p-norm: `ball`, `loss` at a level, or a single `minimum` or `solution`."""

    p: float
    curve: str
    level: float
    x: float
    y: float


def paths(folder: StudyFolder) -> Rows[PathPoint]:
    """Ways of optimizers over surfaces."""
    return Rows(folder.path / "paths.csv", PathPoint)


def rates(folder: StudyFolder) -> Rows[RatePoint]:
    """Effective rates along one stream of gradients."""
    return Rows(folder.path / "rates.csv", RatePoint)


def contours(folder: StudyFolder) -> Rows[ContourPoint]:
    """Contours of a loss, and the balls of p-norms that hold its weights back."""
    return Rows(folder.path / "contours.csv", ContourPoint)
