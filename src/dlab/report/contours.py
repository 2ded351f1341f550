"""Contours of a loss and the ball of a p-norm that its weights may not leave: one panel for each p."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from dlab.report import canvas
from dlab.results.illustrations import ContourPoint

NAMES = {1.0: "L1, lasso: a diamond", 2.0: "L2, ridge: a circle"}
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
LOSS, BALL = canvas.TEST, canvas.TRAIN


def picture(points: Sequence[ContourPoint], title: str, subtitle: str) -> bytes:
    """A panel for each p, all on one scale."""
    panels = {p: list(group) for p, group in groupby(points, lambda point: point.p)}
    figure = canvas.blank(title, subtitle)
    places = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    figure.subplots_adjust(left=0.075, right=0.97, top=0.76, bottom=0.16, wspace=0.12)
    for axes, (p, curves) in zip(places, panels.items(), strict=True):
        solution = next(point for point in curves if point.curve == "solution")
        for (curve, level), group in groupby(curves, lambda point: (point.curve, point.level)):
            _draw(axes, curve, [(point.x, point.y) for point in group], touching=level == solution.level)
        _frame(axes, p)
        _tell(axes, solution)
    least = next(point for point in points if point.curve == "minimum")
    how = {"textcoords": "offset points", "size": 15, "ha": "center", "path_effects": canvas.halo()}
    places[0].annotate("least loss", (least.x, least.y), (0, 13), color=LOSS, **how)
    return canvas.png(figure)


def _draw(axes: Any, curve: str, points: Sequence[tuple[float, float]], touching: bool) -> None:
    x, y = zip(*points, strict=True)
    if curve == "ball":
        axes.fill(x, y, color=BALL, alpha=0.18, linewidth=0)
        axes.plot(x, y, color=BALL, linewidth=2.6)
    elif curve == "loss":
        axes.plot(x, y, color=LOSS, linewidth=2.6 if touching else 1, alpha=1 if touching else 0.55)
    elif curve == "minimum":
        axes.plot(x, y, "P", zorder=5, **canvas.MINIMUM)
    else:
        axes.plot(x, y, "o", color=canvas.INK, markersize=13, markeredgecolor="white", zorder=5)


def _frame(axes: Any, p: float) -> None:
    from matplotlib.ticker import MultipleLocator

    canvas.frame(axes, NAMES.get(p, f"p = {p:g}: towards a square"), "weight w₁")
    axes.set_ylabel("weight w₂", size=17, color=canvas.INK)
    axes.label_outer()
    axes.axhline(0, color="#888888", linewidth=1)
    axes.axvline(0, color="#888888", linewidth=1)
    axes.set(xlim=(-1.35, 2.6), ylim=(-1.35, 3.2), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(1))
    axes.text(1.05, -0.85, "‖w‖" + f"{p:g}".translate(SUBSCRIPT) + " ≤ 1", size=17, color=BALL)


def _tell(axes: Any, solution: ContourPoint) -> None:
    """What the touching point says about the weights."""
    text = "touches at a corner: w₁ = 0" if solution.x == 0 else f"touches where w₁ = {solution.x:.2f}"
    how = {"textcoords": "offset points", "size": 16, "weight": "bold", "color": canvas.INK}
    axes.annotate(text, (0, 0), (0, -74), xycoords="axes fraction", **how)
