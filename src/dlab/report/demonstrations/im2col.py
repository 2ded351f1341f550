"""Convolution as a matrix product."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import RenderableType

from dlab.report.canvas import GREY, VERMILION, blank
from dlab.report.matrices import beside, block, heading
from dlab.report.slide import numbers, panel
from dlab.results.findings import Findings

MOST = 12  # rows of the matrix on a slide


def tell(found: Findings) -> Iterator[RenderableType]:
    """Images, the matrix of their windows, the product, and the way back."""
    arrays = found.arrays
    far = float(np.abs(arrays["product"] - arrays["direct"].reshape(-1)).max())
    yield heading(
        "im2col: every window becomes a row",
        f"The product with the weights is the convolution (largest difference from the kernel: {far:.1g}). "
        "L3's code asks for rand(2, 1, 4) where it means the shape (2, 1, 4, 4) (erratum E56).",
    )
    images = [block(f"image {n}", image[0]) for n, image in enumerate(arrays["images"])]
    yield beside([*images, block("kernel", arrays["kernel"][0])])
    yield beside([block("im2col", arrays["columns"]), block("im2col x kernel", arrays["product"][:, None])])
    yield beside(block(f"convolution, image {n}", y) for n, y in enumerate(arrays["direct"]))
    yield beside(block(f"col2im, image {n}", back[0]) for n, back in enumerate(arrays["folded"]))


def draw(found: Findings) -> Any:
    """Matrix times vector; the first window is framed in the image and in the matrix."""
    arrays = found.arrays
    figure = blank("Convolution as a matrix product", "im2col: every window of every image becomes a row", 0.03)
    for index, image in enumerate(arrays["images"][:2]):
        axes = panel(figure, (48, 200 + 330 * index, 250, 250), f"image {index}")
        numbers(axes, image[0])
        if index == 0:
            rows, columns = arrays["kernel"].shape[1:]
            _frame(axes, columns, rows)
    columns, w = arrays["columns"][:MOST], arrays["kernel"].reshape(-1, 1)
    axes = panel(figure, (380, 200, 690, 580), "im2col(images)")
    numbers(axes, columns)
    _frame(axes, columns.shape[1], 1)
    numbers(panel(figure, (1160, 200, 80, 580), "weights"), w)
    numbers(panel(figure, (1330, 200, 110, 580), "responses"), arrays["product"][:MOST, None])
    for x, sign in ((1115, "x"), (1285, "=")):
        figure.text(x / 1600, 1 - 490 / 900, sign, size=26, color=GREY, ha="center", va="center")
    return figure


def _frame(axes: Any, width: int, height: int) -> None:
    from matplotlib.patches import Rectangle

    frame = Rectangle(
        (-0.5, -0.5), width, height, fill=False, edgecolor=VERMILION, linewidth=4, clip_on=False, zorder=5
    )
    axes.add_patch(frame)
