"""A small image under filters, with every number."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import RenderableType

from dlab.report.canvas import INK, blank
from dlab.report.matrices import beside, block, heading
from dlab.report.slide import numbers, panel
from dlab.results.findings import Findings

KINDS = {
    "input": "image",
    "kernel": "kernel",
    "cross-correlation": "cross-correlation",
    "convolution": "true convolution",
    "printed": "as L4 prints it",
}
WIDTHS = {"input": 180, "kernel": 110, "cross-correlation": 200, "convolution": 200}  # pixels on the slide
MOST = 4  # filters on a slide


def tell(found: Findings) -> Iterator[RenderableType]:
    """Each filter: the image, the kernel, and three ways to combine them."""
    yield heading(
        "Filters, number by number",
        "Networks compute the cross-correlation, which the lectures call convolution (erratum E20); the true one turns "
        "the kernel by 180 degrees. L4's formula swaps the kernel's indices too, against its own words (erratum E21).",
    )
    for index, row in enumerate(found.rows):
        yield heading(f"{row['filter']}, stride {row['stride']}, pad {row['pad']}")
        blocks = [block(title, found.arrays[f"{kind} {index}"]) for kind, title in KINDS.items()]
        yield beside(blocks)


def draw(found: Findings) -> Any:
    """Four filters, each with its image, its kernel, the cross-correlation and the true convolution."""
    figure = blank(
        "Filters, number by number", "orange: above 0, blue: below 0; networks compute the cross-correlation", 0.03
    )
    for index, row in enumerate(found.rows[:MOST]):
        left, top = 48 + 780 * (index % 2), 165 + 365 * (index // 2)
        text = f"{str(row['filter'])[:30]}, stride {row['stride']}, pad {row['pad']}"
        figure.text(left / 1600, 1 - (top + 18) / 900, text, size=17, weight="bold", color=INK, va="center")
        _case(figure, found, index, left, top + 80)
    return figure


def _case(figure: Any, found: Findings, index: int, left: float, top: float) -> None:
    arrays = {kind: found.arrays[f"{kind} {index}"] for kind in WIDTHS}
    limit = max(float(np.abs(arrays[kind]).max()) for kind in ("cross-correlation", "convolution"))
    for kind, width in WIDTHS.items():
        height = 120 if kind == "kernel" else 210
        axes = panel(figure, (left, top + (210 - height) / 2, width, height), KINDS[kind], 12.5)
        numbers(axes, arrays[kind], limit if kind.endswith("tion") else None)
        left += width + 18
