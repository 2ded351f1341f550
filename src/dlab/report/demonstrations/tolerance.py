"""Tolerance to position."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import RenderableType

from dlab.report import tables
from dlab.report.canvas import BLUE, GREEN, GREY, INK, VERMILION, blank, frame
from dlab.report.matrices import beside, block, heading
from dlab.report.slide import axes_in, grey, panel
from dlab.results.findings import Findings

COLOURS = (VERMILION, BLUE, GREEN, INK)
SHOWN = 5  # shifts on the slide


def tell(found: Findings) -> Iterator[RenderableType]:
    """One unit's response at each shift, and the lecture's 9 in a corner."""
    yield heading(
        "Position tolerance: a bar moves to the right",
        "The filter's response moves with the bar, so a unit at one place loses it at once; a unit that pools keeps it "
        "while it is inside its window: sharing weights carries shifts on, pooling makes small ones harmless (E62).",
    )
    yield tables.listing(
        [f"{head}>" for head in found.rows[0]], ([f"{v:g}" for v in row.values()] for row in _cells(found))
    )
    yield heading("A 9 in three places, under 2x2 maxima")
    pairs = zip(found.arrays["dots"], found.arrays["dots pooled"], strict=True)
    yield beside(piece for dot, pooled in pairs for piece in (block("image", dot), block("pooled", pooled)))


def draw(found: Findings) -> Any:
    """Bars, responses and pooled responses on the left, one unit's curve on the right."""
    figure = blank(
        "Pooling tolerates shifts", "a bar moves to the right; in each layer the framed unit is watched", 0.03
    )
    names = list(found.rows[0])[1:]
    kinds = {"bar": "bars", "response": names[0], **{name: name for name in names[1:]}}
    kinds = dict(list(kinds.items())[:4])
    shifts = range(min(SHOWN, len(found.rows)))
    for line, (title, key) in enumerate(kinds.items()):
        top = 195 + 165 * line
        figure.text(
            150 / 1600, 1 - (top + 70) / 900, title.replace(" ", "\n"), size=15, color=GREY, ha="right", va="center"
        )
        for shift in shifts:
            axes = panel(figure, (170 + 155 * shift, top, 140, 140), f"shift {shift}" if line == 0 else "")
            grey(axes, found.arrays[key][shift])
            axes.images[0].set_clim(0, float(found.arrays[key].max()))
            _watched(axes, found, key)
    _curves(axes_in(figure, (1040, 210, 500, 500)), found, names)
    return figure


def _watched(axes: Any, found: Findings, key: str) -> None:
    from matplotlib.patches import Rectangle

    if key == "bars":
        return
    scale = len(found.arrays["bars"][0]) // len(found.arrays[key][0])
    row, column = (int(place) // scale for place in found.arrays["unit"])
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=VERMILION, linewidth=3, zorder=5))


def _curves(axes: Any, found: Findings, names: list[str]) -> None:
    rows = _cells(found)
    frame(axes, "Response in % of shift 0", "shift in pixels")
    for index, name in enumerate(names):
        first = rows[0][name] or 1.0
        x, y = [row["shift"] for row in rows], [100 * row[name] / first for row in rows]
        # Curves that coincide lie on wider ones.
        style = {"color": COLOURS[index % len(COLOURS)], "linewidth": max(3.0, 7.0 - 2 * index)}
        axes.plot(x, y, drawstyle="steps-mid", **style)
        last = max((shift for shift, share in zip(x, y, strict=True) if share > 50), default=0.0)
        how = {"size": 16, "weight": "bold", "rotation": 90, "va": "center", "ha": "left"}
        axes.text(min(last, x[-1] - 1) + 0.68, 50, name, color=style["color"], **how)
    axes.set_xticks([row["shift"] for row in rows])


def _cells(found: Findings) -> list[dict[str, float]]:
    return [{key: float(np.asarray(value)) for key, value in row.items()} for row in found.rows]
