"""Curves of a study: for every variant the mean over the seeds, and a band of one standard deviation around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlab.report import canvas, labels
from dlab.results.study import Outcome
from dlab.results.summary import value


@dataclass(frozen=True)
class Band:
    """One variant's curve; `count` seeds went into each of its means."""

    line: str
    panel: str
    steps: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    count: int


def bands(outcomes: Sequence[Outcome], name: str) -> list[Band]:
    """A column of results.csv over the steps that all seeds of a variant have; cells without rows are left out."""
    groups: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        if any(value(row, name) is not None for row in outcome.rows):
            groups.setdefault(outcome.cell.labels, []).append(outcome)
    return [_band(labels, group, name) for labels, group in groups.items()]


def _band(labels: tuple[str, ...], group: list[Outcome], name: str) -> Band:
    curves = [{row.step: value(row, name) for row in outcome.rows} for outcome in group]
    steps = [step for step in curves[0] if all(curve.get(step) is not None for curve in curves)]
    table = np.array([[curve[step] for step in steps] for curve in curves], float)
    table *= 100 if name.endswith("accuracy") else 1
    deviation = table.std(axis=0, ddof=1) if len(curves) > 1 else np.zeros(len(steps))
    return Band(
        labels[0] if labels else "base",
        ", ".join(labels[1:]),
        np.array(steps),
        table.mean(axis=0),
        deviation,
        len(curves),
    )


def picture(outcomes: Sequence[Outcome], name: str, title: str, subtitle: str) -> bytes:
    """All variants of one column: a panel for each choice of the further axes, the first axis as curves."""
    found = [band for band in bands(outcomes, name) if len(band.steps)]
    panels = list(dict.fromkeys(band.panel for band in found))
    lines = list(dict.fromkeys(band.line for band in found))
    figure = canvas.blank(title, f"{subtitle}: mean ± standard deviation")
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    places = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    figure.subplots_adjust(left=0.075, right=0.79, top=0.77, bottom=0.115, wspace=0.16, hspace=0.5)
    styles = {line: canvas.style(number) for number, line in enumerate(lines)}
    for axes, panel in zip(places, panels, strict=False):
        shown = [band for band in found if band.panel == panel]
        _draw(axes, shown, name, styles)
        canvas.frame(axes, panel or _heading(name), "iteration", small=rows > 1)
        axes.locator_params(axis="x", nbins=4 if len(panels) > 1 else 6)
    if len(panels) > 1:
        figure.supylabel(_heading(name), x=0.012, size=17, color=canvas.INK)
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    _scale(figure.axes[0], found, name)
    if len(panels) == 1:
        _label_ends(figure.axes[0], found, name, styles)
    else:
        canvas.legend(figure, styles)
    return canvas.png(figure)


def _heading(name: str) -> str:
    split, _, kind = name.partition("_")
    return f"{split.capitalize()} {kind}" + (" in %" if kind == "accuracy" else "")


def _draw(axes: Any, found: Sequence[Band], name: str, styles: dict[str, dict[str, Any]]) -> None:
    for band in found:
        axes.plot(
            band.steps, band.mean, linewidth=2.8, marker="o" if len(band.steps) < 2 else None, **styles[band.line]
        )
        low, high = band.mean - band.deviation, band.mean + band.deviation
        if name.endswith("loss"):  # a band must not cross zero on a logarithmic axis
            low = np.maximum(low, band.mean / 10)
        axes.fill_between(band.steps, low, high, color=styles[band.line]["color"], alpha=0.18, linewidth=0)
    axes.set_xlim(0, max(band.steps[-1] for band in found))


def _scale(axes: Any, found: Sequence[Band], name: str) -> None:
    low, high = min(band.mean.min() for band in found), max(band.mean.max() for band in found)
    if name.endswith("accuracy"):
        axes.set_ylim(max(0, low - 0.05 * (high - low) - 1), min(100.5, high + 0.05 * (high - low) + 1))
    elif low > 0 and high > 30 * low:
        canvas.log_scale(axes, low, high)
    else:
        axes.set_ylim(0, high * 1.06)


def _label_ends(axes: Any, found: Sequence[Band], name: str, styles: dict[str, dict[str, Any]]) -> None:
    """Name and last value behind each curve."""
    last = {
        band.line: f"{band.mean[-1]:.1f} %" if name.endswith("accuracy") else f"{band.mean[-1]:.3g}" for band in found
    }
    ends = {f"{band.line} {last[band.line]}": (band.steps[-1], band.mean[-1]) for band in found}
    colors = {f"{line} {value}": styles[line]["color"] for line, value in last.items()}
    labels.at_ends(axes, ends, colors, size=15 if len(found) <= 8 else 13)
