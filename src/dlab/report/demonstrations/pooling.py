"""Pooling with every number, forward and back."""

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from dlab.report.canvas import GREY, blank
from dlab.report.matrices import beside, block, heading
from dlab.report.slide import numbers, panel
from dlab.results.findings import Findings

FORWARD = ("max", "average", "L2", "global max", "global average")
BACK = {"errors": "errors", "max errors": "back through max", "average errors": "back through average"}


def tell(found: Findings) -> Iterator[RenderableType]:
    """What each kind makes of the image, and what it does with errors."""
    yield heading(
        "Pooling: one number for each window",
        "L2 is the root of the sum of squares. The size is floor((s - M) / m) + 1, not about s / m (erratum E15).",
    )
    yield beside([block("image", found.arrays["input"]), *(block(name, found.arrays[name], 6) for name in FORWARD)])
    yield heading("Errors on their way back", "Max gives all to the first maximum of a window; average shares evenly.")
    yield beside(block(title, found.arrays[name]) for name, title in BACK.items())


def draw(found: Findings) -> Any:
    """Forward above, backward below."""
    figure = blank("Pooling: one number for each window", "and where the errors go on their way back", 0.03)
    image = found.arrays["input"]
    numbers(panel(figure, (48, 330, 330, 330), "image"), image)
    for index, name in enumerate(FORWARD):
        side = 190 if found.arrays[name].size > 1 else 95
        box = ((480, 715, 950, 1215, 1425)[index], 215 + (190 - side) / 2, side, side)
        numbers(panel(figure, box, name), found.arrays[name], image.max())
    for index, (name, title) in enumerate(BACK.items()):
        side = 190 if name == "errors" else 300
        box = (480 + (0, 270, 660)[index], 510 + (300 - side) / 2, side, side)
        numbers(panel(figure, box, title), found.arrays[name], float(found.arrays["errors"].max()))
    for x, y, text in ((430, 310, "forward"), (430, 660, "backward")):
        figure.text(x / 1600, 1 - y / 900, text, size=17, color=GREY, ha="center", va="center", rotation=90)
    return figure
