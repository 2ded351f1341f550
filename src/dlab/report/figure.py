"""results.png: the loss and accuracy of a run as two curves each, drawn from results.csv alone."""

from collections.abc import Sequence
from typing import Any

from dlab.report import canvas
from dlab.report.canvas import TEST, TRAIN
from dlab.report.labels import apart
from dlab.results import durable
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation, score

Point = tuple[float, float]
STYLE: dict[str, dict[str, Any]] = {
    "train": {"color": TRAIN, "linestyle": (0, (4, 1.6))},
    "test": {"color": TEST, "linestyle": "-"},
}


def draw(folder: RunFolder) -> None:
    """Draw results.png of a run again, from its results.csv; run.json adds the line under the title."""
    rows = folder.evaluations.read()
    if rows:
        durable.replace(folder.picture, picture(rows, folder.path.name, folder.facts().get("about", "")))


def picture(rows: Sequence[Evaluation], title: str, subtitle: str = "") -> bytes:
    """The curves of `rows` as a PNG of 1600 x 900 pixels."""
    figure = canvas.blank(title, subtitle)
    kinds = ["loss", "accuracy"] if any(row.train_accuracy is not None for row in rows) else ["loss"]
    places = figure.subplots(1, len(kinds), squeeze=False)[0]
    figure.subplots_adjust(left=0.075, right=0.845, top=0.76, bottom=0.115, wspace=0.66)
    for axes, kind in zip(places, kinds, strict=True):
        _panel(axes, rows, kind)
    return canvas.png(figure)


def _panel(axes: Any, rows: Sequence[Evaluation], kind: str) -> None:
    unit = "epoch" if len({row.epoch for row in rows}) == len(rows) else "step"
    curves = {split: _curve(rows, unit, f"{split}_{kind}") for split in STYLE}
    curves = {split: curve for split, curve in curves.items() if curve}
    for split, curve in curves.items():
        # Few points are worth seeing, and a lone one has no line.
        marker = "o" if len(rows) <= 12 else None
        axes.plot(*zip(*curve, strict=True), linewidth=3.2, marker=marker, markersize=7, **STYLE[split])
    _frame(axes, kind, unit, [getattr(row, unit) for row in rows])
    _scale(axes, kind, [value for curve in curves.values() for _, value in curve])
    _mark_best(axes, min(rows, key=score), curves, unit, kind)
    _label_ends(axes, {split: curve[-1] for split, curve in curves.items()}, kind)


def _curve(rows: Sequence[Evaluation], unit: str, name: str) -> list[Point]:
    factor = 100 if name.endswith("accuracy") else 1
    known = [row for row in rows if getattr(row, name) is not None]
    return [(getattr(row, unit), factor * getattr(row, name)) for row in known]


def _frame(axes: Any, kind: str, unit: str, x: Sequence[int]) -> None:
    from matplotlib.ticker import FixedLocator, MaxNLocator

    canvas.frame(axes, "Loss" if kind == "loss" else "Accuracy in %", "epoch" if unit == "epoch" else "iteration")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True) if len(x) > 6 else FixedLocator(x))
    margin = max(0.3, 0.02 * (x[-1] - x[0]))
    axes.set_xlim(x[0] - margin, x[-1] + margin)


def _scale(axes: Any, kind: str, values: Sequence[float]) -> None:
    low, high = min(values), max(values)
    if kind == "accuracy":
        axes.set_ylim(max(0, low - 0.1 * (high - low) - 0.5), min(100.5, high + 0.08 * (high - low) + 0.5))
    elif low > 0 and high > 30 * low:
        canvas.log_scale(axes, low, high)
    else:
        axes.set_ylim(min(0, low), high * 1.06 or 1)


def _mark_best(axes: Any, best: Evaluation, curves: dict[str, list[Point]], unit: str, kind: str) -> None:
    points = dict(curves.get("test", []))
    x = getattr(best, unit)
    if x in points and x != max(points):
        ring = {"markersize": 13, "markerfacecolor": "white", "markeredgecolor": TEST, "markeredgewidth": 3}
        axes.plot([x], [points[x]], "o", **ring)
        left, right = axes.get_xlim()
        share = (x - left) / (right - left)
        side = "left" if share < 0.33 else "right" if share > 0.85 else "center"  # over no axis, and no label of an end
        how = {"textcoords": "offset points", "size": 15, "color": TEST, "path_effects": canvas.halo()}
        low, high = {"left": (0, 0.3), "center": (-0.15, 0.15), "right": (-0.3, 0)}[side]  # what the label is wide
        near = [y for at, y in points.items() if low <= (at - x) / (right - left) <= high]
        beyond, away = (max(near), (0, 12)) if kind == "loss" else (min(near), (0, -24))
        axes.annotate(f"best {_number(points[x], kind)}", (x, beyond), away, ha=side, **how)


def _label_ends(axes: Any, ends: dict[str, Point], kind: str) -> None:
    heights = {split: float(axes.transData.transform(end)[1]) for split, end in ends.items()}
    for split, height in apart(heights, room=46.0).items():
        text = f"{split} {_number(ends[split][1], kind)}"
        shift = (height - heights[split]) * 72 / canvas.DPI  # pixels to points
        how = {"textcoords": "offset points", "size": 16, "va": "center", "annotation_clip": False}
        axes.annotate(text, ends[split], (14, shift), color=STYLE[split]["color"], weight="bold", **how)


def _number(value: float, kind: str) -> str:
    return f"{value:.3g}" if kind == "loss" else f"{value:.1f} %"
