"""A picture under filters."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import RenderableType

from dlab.report import tables
from dlab.report.canvas import INK, blank
from dlab.report.matrices import heading
from dlab.report.slide import grey, panel, signed, tiles
from dlab.results.findings import Findings

MOST = 11  # filters on a slide
KEEPS = 0.05  # where the weights cancel less than that, the response is a picture again


def tell(found: Findings) -> Iterator[RenderableType]:
    """What each filter answers, in numbers."""
    yield heading("Filters on a picture")
    heads = [head if head == "filter" else f"{head}>" for head in found.rows[0]]
    yield tables.listing(
        heads, ([f"{v:.3f}" if isinstance(v, float) else v for v in row.values()] for row in found.rows)
    )


def draw(found: Findings) -> Any:
    """The picture and its responses: grey where brightness is kept, else in colours around 0."""
    figure = blank(
        "Filters on a picture", "orange: positive, blue: negative; the number is that of the full colour", 0.03
    )
    image = found.arrays["image"]
    rows = found.rows[:MOST]
    boxes = tiles(1 + len(rows), image.shape[2] / image.shape[1], (48, 130, 1504, 740), (28, 60))
    axes = panel(figure, next(boxes), "the picture", 14)
    axes.imshow(np.moveaxis(image, 0, -1) if len(image) == 3 else image.mean(axis=0), cmap="gray")
    for index, (row, box) in enumerate(zip(rows, boxes, strict=True)):
        axes, response = panel(figure, box), found.arrays[f"response {index}"]
        w = found.arrays[f"kernel {index}"]
        if w.sum() > KEEPS * np.abs(w).sum():
            grey(axes, np.clip(response, image.min() * w.sum(), image.max() * w.sum()))
            title = str(row["filter"])
        else:
            title = f"{row['filter']} (±{signed(axes, response):.2g})"
        axes.set_title(title, size=14, color=INK, pad=7)
    return figure
