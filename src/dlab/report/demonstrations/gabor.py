"""A Gabor filter and what it answers to a picture."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import RenderableType

from dlab.report import tables
from dlab.report.canvas import BLUE, GREEN, VERMILION, blank, frame
from dlab.report.matrices import heading
from dlab.report.slide import axes_in, grey, panel, signed
from dlab.results.findings import Findings

PARTS = {"real": VERMILION, "imaginary": BLUE, "magnitude": GREEN}


def tell(found: Findings) -> Iterator[RenderableType]:
    """The filter's middle row."""
    yield heading(
        "Gabor filter: its middle row",
        "g = K exp(-(x'^2 + y'^2) / 2) exp(i (2 pi f x' + P)), with x' and y' turned by theta and divided by sigma, "
        "so f is in cycles per sigma_x: f / sigma_x cycles per pixel (erratum E07).",
    )
    cells = [(row["x"], *(f"{float(row[part]) + 0.0:.6f}" for part in PARTS)) for row in found.rows]
    yield tables.listing(("x>", "real, even>", "imaginary, odd>", "magnitude>"), cells)


def draw(found: Findings) -> Any:
    """The filter above, its responses below."""
    figure = blank("Gabor filter: a wave in a window", "orange: positive, blue: negative, white: 0", 0.03)
    _profile(axes_in(figure, (80, 215, 310, 195)), found)
    image = found.arrays["image"][0]
    grey(panel(figure, (48, 570, 362, 270), "the picture"), image)
    for index, part in enumerate(PARTS):
        left = 440 + 380 * index
        g, response = found.arrays[part], found.arrays[f"response {part}"]
        axes = panel(
            figure, (left, 190, 362, 290), {"real": "real part", "imaginary": "imaginary part"}.get(part, part)
        )
        signed(axes, g, float(np.abs(found.arrays["magnitude"]).max()))
        axes = panel(figure, (left, 570, 362, 270))
        if part == "magnitude":
            axes.imshow(response, cmap="magma", vmin=0, vmax=float(np.quantile(response, 0.995)))
            axes.set_title("magnitude of both", size=15, pad=7)
        else:
            axes.set_title(f"{part} response (±{signed(axes, response):.2g})", size=15, pad=7)
    return figure


def _profile(axes: Any, found: Findings) -> None:
    x = [row["x"] for row in found.rows]
    for part, colour in PARTS.items():
        axes.plot(x, [row[part] for row in found.rows], color=colour, linewidth=3, label=part)
    frame(axes, "", "")
    axes.set_title("middle row", size=15, pad=7)
    axes.tick_params(labelsize=13)
    axes.legend(fontsize=12, frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.12), ncols=3, handlelength=0.9,
                columnspacing=0.9, handletextpad=0.4)  # fmt: skip
