"""Histograms of what a run watched, drawn from histograms.csv and layers.csv alone: a row each, layers side by side."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from dlab.report import canvas
from dlab.results import durable
from dlab.results.folder import RunFolder
from dlab.results.records import Bin, Observation

MOST = 8  # panels side by side that can still be read
FEW = 5  # panels side by side that have room for words
TOP, BOTTOM, GAP = 0.76, 0.06, 0.062  # of the figure: the rows and what is free between them
ALIKE = 10  # histograms whose widths differ by less get one axis
TALL = 2.5  # a bar so many times as high as the next one is cut off, and says its height
PICTURES = {"activations": "histograms.png", "weights": "weights.png"}
HEADINGS = {"activations": "Outputs of the hidden layers", "weights": "Weights"}


@dataclass(frozen=True)
class Panel:
    """The histogram of one layer, and its row of layers.csv."""

    row: Observation
    bins: Sequence[Bin]

    @property
    def span(self) -> tuple[float, float]:
        """From the first bin to the last."""
        return self.bins[0].low, self.bins[-1].high

    @property
    def shares(self) -> list[float]:
        """Of all numbers in each bin, in percent."""
        total = sum(one.count for one in self.bins) or 1
        return [100 * one.count / total for one in self.bins]

    def heights(self, span: tuple[float, float]) -> list[float]:
        """What the shares would be in bins of an equal part of `span`."""
        scale = (span[1] - span[0]) / (self.span[1] - self.span[0])
        return [scale * share for share in self.shares]

    @property
    def words(self) -> str:
        """What stands above it: the standard deviation, and the zeros of a layer that has many."""
        if self.bins[0].kind == "weights":
            return f"std {_number(self.row.weight_std)}"
        zeros = self.row.output_zeros or 0
        return f"std {_number(self.row.output_std)}" + (f", {100 * zeros:.0f} % zero" if zeros > 0.005 else "")


def draw(folder: RunFolder) -> None:
    """Draw histograms.png (outputs at the start and at the end) and weights.png, whichever the run watched."""
    about = folder.facts().get("about", "")
    for kind, name in PICTURES.items():
        rows = {f"step {step}" if step else "start": panels(folder, kind, step) for step in steps(folder, kind)}
        if rows:
            durable.replace(folder.path / name, grid(rows, folder.path.name, f"{HEADINGS[kind]}; {about}"))


def study(folders: Mapping[str, RunFolder], title: str, subtitle: str, kind: str) -> bytes | None:
    """A row of histograms for each of several runs: outputs at the start, weights at the end; None where none is."""
    end = {"activations": 0, "weights": -1}[kind]
    known = {label: (folder, steps(folder, kind)) for label, folder in folders.items() if folder.histograms.exists()}
    rows = {label: panels(folder, kind, found[end]) for label, (folder, found) in known.items() if found}
    return (
        grid(rows, title, f"{HEADINGS[kind]} {'at the end' if end else 'at the start'}; {subtitle}") if rows else None
    )


def steps(folder: RunFolder, kind: str) -> list[int]:
    """The steps at which there are histograms of this kind."""
    return [step for step in sorted({one.step for one in folder.histograms.read()}) if panels(folder, kind, step)]


def panels(folder: RunFolder, kind: str, step: int) -> list[Panel]:
    """The layers at a step; of outputs the hidden layers, of many layers an even choice."""
    rows = [row for row in folder.layers.read() if row.step == step]
    if kind == "activations":
        rows = rows[:-1] or rows
    found = [one for one in folder.histograms.read() if one.kind == kind and one.step == step]
    every = [Panel(row, [one for one in found if one.layer == row.layer]) for row in _thinned(rows)]
    return [panel for panel in every if panel.bins]  # the last ones may still be on their way to the file


def _thinned(rows: Sequence[Observation]) -> list[Observation]:
    """At most MOST of the rows, evenly spread, with the first and the last."""
    last = len(rows) - 1
    return [rows[n] for n in sorted({round(k * last / (MOST - 1)) for k in range(MOST)})] if last >= MOST else [*rows]


def grid(rows: Mapping[str, Sequence[Panel]], title: str, subtitle: str) -> bytes:
    """One row of panels for each label."""
    figure = canvas.blank(title, subtitle)
    places = figure.subplots(len(rows), max(len(row) for row in rows.values()), squeeze=False)
    space = (TOP - BOTTOM - (len(rows) - 1) * GAP) / len(rows)
    figure.subplots_adjust(left=0.14, right=0.975, top=TOP, bottom=BOTTOM, wspace=0.14, hspace=GAP / space)
    for number, (label, row) in enumerate(rows.items()):
        _row(places[number], row, canvas.style(number)["color"])
        where = {"transform": places[number][0].transAxes, "ha": "right", "va": "center", "parse_math": False}
        places[number][0].text(-0.1, 0.5, textwrap.fill(label, 13), size=14, weight="bold", color=canvas.INK, **where)
    for axes, column in zip(places[0], zip_longest(*rows.values()), strict=True):
        _head(axes, [panel for panel in column if panel], few=len(places[0]) <= FEW)
    return canvas.png(figure)


def _row(places: Sequence[Any], row: Sequence[Panel], color: str) -> None:
    """Panels of one height, and on one axis unless their widths are too different."""
    together = min(panel.span[0] for panel in row), max(panel.span[1] for panel in row)
    narrowest = min(panel.span[1] - panel.span[0] for panel in row)
    alike = together[1] - together[0] < ALIKE * narrowest
    spans = [together if alike else panel.span for panel in row]
    height = max(_height(panel.heights(span)) for panel, span in zip(row, spans, strict=True))
    for axes, panel, span in zip(places, row, spans, strict=False):
        _bars(axes, panel, span, 1.08 * height, color, 12 if len(places) <= FEW else 9)
    for axes in places[len(row) :]:
        axes.set_visible(False)


def _height(heights: Sequence[float]) -> float:
    """Of the highest bar that is drawn whole."""
    *_, second, first = sorted(heights)
    return first if first < TALL * second or second == 0 else TALL * second


def _bars(axes: Any, panel: Panel, span: tuple[float, float], height: float, color: str, size: int) -> None:
    heights, (low, high) = panel.heights(span), panel.span
    axes.bar([one.low for one in panel.bins], heights, (high - low) / len(heights), align="edge", color=color)
    axes.set_xlim(*span)
    axes.set_ylim(0, height)
    axes.set_yticks([])
    axes.set_xticks(span, [_number(end) for end in span])
    axes.set_title(panel.words, loc="left", size=size, color=canvas.INK, pad=3)
    axes.tick_params(labelsize=11, colors=canvas.GREY, length=0, pad=2)
    for text, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
        text.set_horizontalalignment(side)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#888888")
    tallest = heights.index(max(heights))
    if heights[tallest] > height:
        text = f" ↑ {panel.shares[tallest]:.0f} %"
        axes.text(panel.bins[tallest].high, 0.97 * height, text, size=size, color=canvas.GREY, va="top")


def _head(axes: Any, column: Sequence[Panel], few: bool) -> None:
    """The layer's name, and where there is room its activation if it is the same in all rows."""
    words = {f"{panel.row.layer} {panel.row.activation}" for panel in column}
    text = words.pop() if few and len(words) == 1 else column[0].row.layer
    axes.annotate(text, (0, 1), (0, 20), "axes fraction", "offset points", size=15, weight="bold", color=canvas.INK)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}"
