"""The figures of the illustrations that a study's folder has: each from its CSV file alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dlab.optim.surfaces import SURFACES
from dlab.report import contours, paths, rates
from dlab.results import durable, illustrations
from dlab.results.illustrations import ContourPoint, PathPoint, RatePoint
from dlab.results.rows import Rows
from dlab.results.study import StudyFolder

Pictures = Iterator[tuple[str, bytes]]
WALKS = {
    "ravine": (
        "paths.png",
        "A ravine makes SGD swing from side to side",
        "flat along x, steep along y; a dot a step, rates chosen to show each rule",
    ),
    "valleys": (
        "valleys.png",
        "Downhill leads to the nearest valley",
        "noise or momentum may lead out of it; neither must",
    ),
}


def draw(folder: StudyFolder) -> None:
    """Draw what is there.

    paths.png, valleys.png: optimizers on surfaces; rates.png: effective rates; contours.png: lasso and ridge.
    """
    sources: list[tuple[Rows[Any], Callable[[Sequence[Any]], Pictures]]] = [
        (illustrations.paths(folder), _paths),
        (illustrations.rates(folder), _rates),
        (illustrations.contours(folder), _contours),
    ]
    for table, pictures in sources:
        rows = table.read() if table.path.exists() else []
        for name, content in pictures(rows) if rows else ():
            durable.replace(folder.path / name, content)


def _paths(points: Sequence[PathPoint]) -> Pictures:
    for surface, (name, title, lesson) in WALKS.items():
        own = [point for point in points if point.surface == surface]
        if own:
            yield name, paths.picture(own, SURFACES[surface], title, lesson)


def _rates(points: Sequence[RatePoint]) -> Pictures:
    lesson = "when gradients become small, RMSProp and Adam follow; AdaGrad's sum of squares cannot"
    yield "rates.png", rates.picture(points, "AdaGrad's rate only shrinks, and never recovers", lesson)


def _contours(points: Sequence[ContourPoint]) -> Pictures:
    lesson = "where the contours of the loss first touch the allowed weights: on a corner, or beside it"
    yield "contours.png", contours.picture(points, "Lasso makes weights zero, ridge makes them small", lesson)
