"""Where every seed of every variant ended: a line of dots a variant, with its mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlab.report import canvas
from dlab.results.study import Outcome
from dlab.results.summary import value


def picture(outcomes: Sequence[Outcome], name: str, title: str, subtitle: str) -> bytes:
    """One row a variant: the last value of each seed as a dot, their mean as a bar; colours by the first axis."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.cell.variant, []).append(outcome)
    lines = list(dict.fromkeys(outcome.cell.labels[:1] for outcome in outcomes))
    figure = canvas.blank(title, f"{subtitle}: a dot a seed, a bar for their mean")
    axes = figure.subplots()
    figure.subplots_adjust(left=0.25, right=0.9, top=0.8, bottom=0.115)
    size = 16 if len(groups) <= 14 else 12 if len(groups) <= 24 else 8
    for height, group in enumerate(reversed(groups.values())):
        color = canvas.style(lines.index(group[0].cell.labels[:1]))["color"]
        found = _values(group, name)
        if len(found):
            _row(axes, height, found, name, color, size)
        else:
            how = {"xycoords": ("axes fraction", "data"), "size": size, "va": "center", "color": color}
            axes.annotate(group[0].status, (0.01, height), **how)
    canvas.frame(axes, "", _heading(name))
    axes.grid(axis="x", color=canvas.FAINT, linewidth=1)
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(groups)), list(reversed(groups)), size=size)
    axes.set_ylim(-0.7, len(groups) - 0.3)
    return canvas.png(figure)


def _values(group: Sequence[Outcome], name: str) -> np.ndarray:
    """The last values of the seeds that have one, accuracies in percent."""
    found = [value(outcome.rows[-1], name) for outcome in group if outcome.rows and outcome.status == "done"]
    known = np.array([number for number in found if number is not None], float)
    return 100 * known if name.endswith("accuracy") else known


def _row(axes: Any, height: int, values: np.ndarray, name: str, color: str, size: int) -> None:
    mean = values.mean()
    axes.plot(
        values, np.full(len(values), height), "o", markersize=size * 0.55, color=color, alpha=0.55, markeredgewidth=0
    )
    axes.plot([mean, mean], [height - 0.32, height + 0.32], color=color, linewidth=3.2)
    text = f"{mean:.1f}" if name.endswith("accuracy") else f"{mean:.3g}"
    how = {"xycoords": ("axes fraction", "data"), "size": size, "va": "center", "color": color, "weight": "bold"}
    axes.annotate(text, (1.015, height), **how)


def _heading(name: str) -> str:
    split, _, kind = name.partition("_")
    return f"{split} {kind} at the end" + (" in %" if kind == "accuracy" else "")
