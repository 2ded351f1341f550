"""results.png: the loss and accuracy of a run as two curves each, drawn from results.csv alone."""

import os
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from dlab.report import words
from dlab.results import durable
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation
from dlab.results.session import score

# Blue and vermilion of Okabe and Ito, which all kinds of colour vision tell apart.
TRAIN, TEST, INK, FAINT = "#D55E00", "#0072B2", "#222222", "#DDDDDD"
STYLE = {"train": {"color": TRAIN, "linestyle": (0, (4, 1.6))}, "test": {"color": TEST, "linestyle": "-"}}


def draw(folder: RunFolder) -> None:
    """Draw results.png of a run again, from its results.csv; run.json adds the line under the title."""
    rows = folder.evaluations.read()
    if rows:
        durable.replace(folder.picture, picture(rows, folder.path.name, folder.facts().get("about", "")))


def picture(rows: Sequence[Evaluation], title: str, subtitle: str = "") -> bytes:
    """The curves of `rows` as a PNG of 1600 x 900 pixels."""
    # matplotlib reads the variable when it is imported, and stops at a name that it does not know.
    os.environ.pop("MPLBACKEND", None)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.8, 7.2), dpi=125, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    figure.text(0.062, 0.925, title, size=26, weight="bold", color=INK, parse_math=False)
    figure.text(0.062, 0.865, subtitle, size=17, color="#555555", parse_math=False)
    kinds = ["loss", "accuracy"] if any(row.train_accuracy is not None for row in rows) else ["loss"]
    places = figure.subplots(1, len(kinds), squeeze=False)[0]
    figure.subplots_adjust(left=0.062, right=0.91, top=0.76, bottom=0.115, wspace=0.42)
    for axes, kind in zip(places, kinds, strict=True):
        _panel(axes, rows, kind)
    content = BytesIO()
    canvas.print_png(content, metadata={"Software": "dlab"})
    return content.getvalue()


def _panel(axes: Any, rows: Sequence[Evaluation], kind: str) -> None:
    by_epoch = len({row.epoch for row in rows}) == len(rows)
    x = [row.epoch if by_epoch else row.step for row in rows]
    scale = 100 if kind == "accuracy" else 1
    curves = {split: [_scaled(getattr(row, f"{split}_{kind}"), scale) for row in rows] for split in STYLE}
    curves = {split: y for split, y in curves.items() if any(value is not None for value in y)}
    for split, y in curves.items():
        # A lone point has no line to show.
        axes.plot(x, y, linewidth=3.2, marker="o" if len(rows) <= 12 else None, markersize=7, **STYLE[split])
    _frame(axes, kind, "epoch" if by_epoch else "iteration", x)
    _scale(axes, kind, [value for y in curves.values() for value in y if value is not None])
    _mark_best(axes, rows, x, kind, scale)
    _label_ends(axes, x[-1], curves, kind)


def _scaled(value: float | None, scale: int) -> float | None:
    return None if value is None else value * scale


def _frame(axes: Any, kind: str, unit: str, x: Sequence[int]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title("Loss" if kind == "loss" else "Accuracy in %", loc="left", size=20, color=INK, pad=14)
    axes.set_xlabel(unit, size=17, color=INK)
    axes.tick_params(labelsize=15, colors=INK, length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    margin = max(0.3, 0.02 * (x[-1] - x[0]))
    axes.set_xlim(x[0] - margin, x[-1] + margin)
    axes.grid(axis="y", color=FAINT, linewidth=1)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#888888")


def _scale(axes: Any, kind: str, values: Sequence[float]) -> None:
    from matplotlib.ticker import LogFormatter

    if kind == "loss" and min(values) > 0 and max(values) > 30 * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.4)))
        axes.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.4)))
        axes.tick_params(which="minor", labelsize=13, length=0, colors=INK)
    elif kind == "loss":
        axes.set_ylim(min(0, min(values)), max(values) * 1.06 or 1)
    else:
        low, high = min(values), max(values)
        axes.set_ylim(max(0, low - 0.1 * (high - low) - 0.5), min(100.5, high + 0.08 * (high - low) + 0.5))


def _mark_best(axes: Any, rows: Sequence[Evaluation], x: Sequence[int], kind: str, scale: int) -> None:
    best = min(range(len(rows)), key=lambda index: score(rows[index]))
    value = _scaled(getattr(rows[best], f"test_{kind}"), scale)
    if value is not None and best != len(rows) - 1:
        axes.plot(
            [x[best]], [value], "o", markersize=13, markerfacecolor="white", markeredgecolor=TEST, markeredgewidth=3
        )
        text = f"best {_number(value, kind)}"
        place = (0, -26) if kind == "loss" else (0, 18)
        axes.annotate(text, (x[best], value), place, textcoords="offset points", size=14, color=TEST, ha="center")


def _label_ends(axes: Any, x: float, curves: dict[str, list[float | None]], kind: str) -> None:
    ends = {split: y[-1] for split, y in curves.items() if y[-1] is not None}
    heights = {split: axes.transData.transform((x, value))[1] for split, value in ends.items()}
    for split, shift in _apart(heights).items():
        text = f"{split} {_number(ends[split], kind)}"
        how = {"textcoords": "offset points", "size": 17, "va": "center", "annotation_clip": False}
        axes.annotate(text, (x, ends[split]), (14, shift), color=STYLE[split]["color"], weight="bold", **how)


def _apart(heights: dict[str, float], room: float = 46.0) -> dict[str, float]:
    """Shifts in points that keep two labels `room` pixels apart, each on its own side."""
    ordered = sorted(heights, key=lambda split: heights[split])
    if len(ordered) < 2:
        return dict.fromkeys(ordered, 0.0)
    lower, upper = ordered
    missing = max(0.0, room - (heights[upper] - heights[lower])) / 2 * 72 / 125
    return {lower: -missing, upper: missing}


def _number(value: float | None, kind: str) -> str:
    return words.loss(value) if kind == "loss" else f"{value:.1f} %"
