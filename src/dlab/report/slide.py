"""Panels on a slide: boxes of pixels with images, signed maps, and matrices with their numbers."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from dlab.report.canvas import BLUE, DPI, HEIGHT, INK, VERMILION, WIDTH

LETTER = 0.62  # width of a digit, as a share of its height
PALE = 2.2  # full colour is for numbers so many times the largest: dark figures stay readable on it
SMALL = 100  # larger numbers are no fractions to a reader
LARGE = 220  # rows of a map of signed numbers that are shown one by one
FINE = 64  # rows of an image that need no hard edges between their pixels


def axes_in(figure: Any, box: tuple[float, float, float, float]) -> Any:
    """Axes in a box of pixels (left, top, width, height), counted from the upper left corner."""
    left, top, width, height = box
    return figure.add_axes((left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT))


def panel(figure: Any, box: tuple[float, float, float, float], title: str = "", size: float = 15) -> Any:
    """Axes in a box of pixels, for an image or a matrix: without ticks."""
    axes = axes_in(figure, box)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#BBBBBB")
    if title:
        axes.set_title(title, size=size, color=INK, pad=7)
    return axes


def grey(axes: Any, image: np.ndarray) -> None:
    """An image from its darkest to its brightest value."""
    axes.imshow(image, cmap="gray", interpolation=_sampling(image))


def signed(axes: Any, values: np.ndarray, limit: float | None = None) -> float:
    """A map of signed numbers around 0: vermilion above, blue below; returns the number at full colour.

    Of a large map, each block of pixels shows its strongest response: a mean of both signs would show nothing.
    """
    values = _strongest(values, max(1, round(len(values) / LARGE)))
    limit = limit or float(np.quantile(np.abs(values), 0.97)) or 1.0
    axes.imshow(values, cmap=_diverging(), vmin=-limit, vmax=limit, interpolation=_sampling(values))
    return limit


def numbers(axes: Any, values: np.ndarray, limit: float | None = None, digits: int = 2) -> None:
    """A matrix with its numbers: the more a cell differs from 0, the more colour."""
    limit = PALE * (limit or float(np.abs(values).max()) or 1.0)
    axes.imshow(values, cmap=_diverging(), vmin=-limit, vmax=limit, aspect="auto")
    rows, columns = values.shape
    for edge in np.arange(1, max(rows, columns)) - 0.5:
        if edge < rows - 1:
            axes.axhline(edge, color="white", linewidth=1.5)
        if edge < columns - 1:
            axes.axvline(edge, color="white", linewidth=1.5)
    texts = {at: number(float(values[at]), digits) for at in np.ndindex(values.shape)}
    how = {"size": _fitting(axes, values.shape, max(map(len, texts.values()))), "color": INK}
    for (i, j), text in texts.items():
        axes.text(j, i, text, ha="center", va="center_baseline", **how)


def number(value: float, digits: int = 2) -> str:
    """A number as the lectures write it: whole, as a fraction of thirds and the like, or rounded."""
    near = Fraction(value).limit_denominator(12) if abs(value) < SMALL else Fraction(round(value))
    if abs(near - value) < 1e-5:
        return str(near) if near.denominator in (1, 3, 6, 9) else f"{float(near):g}"
    return f"{value:.{digits}f}" if abs(value) >= 0.1 else f"{value:.{digits}g}"


def tiles(count: int, aspect: float, box: tuple[float, float, float, float], gap: tuple[float, float]) -> Iterator[Any]:
    """Boxes for `count` panels of a width / height in a larger box, as large as can be; gap: between columns, rows."""

    def fits(columns: int) -> float:
        rows = -(-count // columns)
        return min((box[2] - (columns - 1) * gap[0]) / columns, aspect * ((box[3] - rows * gap[1]) / rows))

    columns = max(range(1, count + 1), key=fits)
    width = fits(columns)
    start = box[0] + (box[2] - columns * width - (columns - 1) * gap[0]) / 2
    rows = -(-count // columns)
    above = (box[3] - rows * (width / aspect + gap[1])) / 2
    for index in range(count):
        row, column = divmod(index, columns)
        top = box[1] + above + gap[1] + row * (width / aspect + gap[1])
        yield start + column * (width + gap[0]), top, width, width / aspect


def _diverging() -> Any:
    """Blue, white, vermilion."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [BLUE, "#FFFFFF", VERMILION])


def _strongest(values: np.ndarray, step: int) -> np.ndarray:
    """The number of largest magnitude in each block of step x step."""
    rows, columns = (size // step for size in values.shape)
    cut = values[: rows * step, : columns * step].reshape(rows, step, columns, step)
    blocks = cut.swapaxes(1, 2).reshape(rows, columns, -1)
    return np.take_along_axis(blocks, np.abs(blocks).argmax(axis=-1)[..., None], axis=-1)[..., 0]


def _sampling(image: np.ndarray) -> str:
    return "nearest" if len(image) < FINE else "antialiased"


def _fitting(axes: Any, shape: tuple[int, ...], letters: int) -> float:
    """The size in points of text that fits a cell."""
    place = axes.get_position()
    height, width = place.height * HEIGHT / shape[0], place.width * WIDTH / shape[1]
    return min(17.0, 0.55 * height * 72 / DPI, 0.86 * width / (LETTER * max(letters, 2)) * 72 / DPI)
