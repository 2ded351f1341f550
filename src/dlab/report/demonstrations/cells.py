"""Simple and complex cells."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import RenderableType

from dlab.report import tables
from dlab.report.canvas import BLUE, GREEN, INK, VERMILION, blank, frame
from dlab.report.matrices import heading
from dlab.report.slide import axes_in, grey, panel, signed
from dlab.results.findings import Findings

CURVES = {
    "even": ("simple, even", VERMILION, "-"),
    "odd": ("simple, odd", BLUE, "--"),
    "energy": ("complex, energy", INK, "-"),
    "pooled": ("complex, pooled", GREEN, "-."),
}


def tell(found: Findings) -> Iterator[RenderableType]:
    """Each phase of the grating."""
    yield heading(
        "Simple and complex cells: a grating drifts past",
        "A simple cell is one part of a Gabor filter at one place; a complex cell is the magnitude of both parts, "
        "or the largest of many simple cells nearby: it answers in every phase.",
    )
    cells = [(f"{row['phase']:g}°", *(f"{float(row[key]) + 0.0:.2f}" for key in CURVES)) for row in found.rows]
    yield tables.listing(("phase>", *(f"{label}>" for label, _, _ in CURVES.values())), cells)


def draw(found: Findings) -> Any:
    """Gratings and filters on the left, responses over phase on the right."""
    figure = blank(
        "Simple cells follow the phase, complex cells do not", "responses to a grating that drifts past", 0.03
    )
    count = len(found.rows)
    for index in range(4):
        step = index * count // 4
        box = (48 + 190 * (index % 2), 185 + 210 * (index // 2), 170, 170)
        grey(panel(figure, box, f"{found.rows[step]['phase']:g}°"), found.arrays["gratings"][step])
    for index, part in enumerate(("real", "imaginary")):
        axes = panel(figure, (48 + 190 * index, 655, 170, 170), ("even filter", "odd filter")[index])
        signed(axes, found.arrays[part], float(np.abs(found.arrays["real"]).max()))
    _curves(axes_in(figure, (520, 205, 690, 585)), found)
    return figure


def _curves(axes: Any, found: Findings) -> None:
    x = [float(row["phase"]) for row in found.rows] + [360.0]
    frame(axes, "Response", "phase of the grating in degrees")
    for key, (label, colour, line) in CURVES.items():
        y = [float(row[key]) for row in found.rows]
        axes.plot(x, [*y, y[0]], color=colour, linestyle=line, linewidth=3.2, label=label)
    axes.set_xticks(range(0, 361, 45))
    axes.set_xlim(0, 360)
    axes.legend(fontsize=16, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), labelspacing=0.9)
