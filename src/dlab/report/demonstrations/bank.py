"""A bank of Gabor filters and how strongly images drive it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from rich.console import RenderableType

from dlab.report import tables
from dlab.report.canvas import GREY, INK, blank
from dlab.report.matrices import heading
from dlab.report.slide import grey, panel, signed
from dlab.results.findings import Findings

MOST = 2  # images on a slide
LABELS = 8  # angles that have room for their numbers


class Table(NamedTuple):
    """Responses [frequency, angle] to one image."""

    image: str
    frequencies: list[float]
    angles: list[float]
    energy: np.ndarray


def tell(found: Findings) -> Iterator[RenderableType]:
    """A table for each image: frequency down, orientation across."""
    yield heading(
        "Gabor bank: mean magnitude of the response", "f in cycles per sigma_x; the angle is the wave's direction"
    )
    for image, frequencies, angles, energy in _tables(found):
        yield heading(f"on {image}")
        heads = ["f", "wavelength>", *(f"{angle:g}°>" for angle in angles)]
        lengths = {row["f"]: f"{row['wavelength']:.3g} px" for row in found.rows}
        yield tables.listing(
            heads,
            (
                [f"{f:g}", lengths[f], *(f"{value:.2f}" for value in line)]
                for f, line in zip(frequencies, energy, strict=True)
            ),
        )


def draw(found: Findings) -> Any:
    """The filters on the left, on the right what images make of them."""
    figure = blank("Gabor bank: orientation and frequency", "left: the filters' real parts; right: mean response", 0.03)
    maps = _tables(found)
    _filters(figure, found.arrays["bank"].real, maps[0].frequencies, maps[0].angles)
    for index, (image, frequencies, angles, energy) in enumerate(maps[:MOST]):
        top = 190 + 350 * index
        grey(panel(figure, (930, top + 65, 130, 130), image, 14), found.arrays[f"image {index}"])
        _heat(figure, (1150, top, 410, 260), energy, frequencies, angles)
    return figure


def _tables(found: Findings) -> list[Table]:
    """A table for each image."""
    result = []
    for number in dict.fromkeys(row["number"] for row in found.rows):
        rows = [row for row in found.rows if row["number"] == number]
        frequencies, angles = (list(dict.fromkeys(float(row[key]) for row in rows)) for key in ("f", "theta"))
        energy = np.array([float(row["response"]) for row in rows]).reshape(len(frequencies), len(angles))
        result.append(Table(str(rows[0]["image"]), frequencies, angles, energy))
    return result


def _filters(figure: Any, bank: np.ndarray, frequencies: list[float], angles: list[float]) -> None:
    pitch = min(800 / len(angles), 620 / len(frequencies))
    top = 195 + (620 - pitch * len(frequencies)) / 2
    for (i, j), g in ((at, bank[at]) for at in np.ndindex(bank.shape[:2])):
        signed(panel(figure, (100 + j * pitch, top + i * pitch, pitch - 6, pitch - 6)), g, float(np.abs(bank).max()))
    how = {"size": 15, "color": INK, "ha": "center", "va": "center"}
    for i, f in enumerate(frequencies):
        figure.text(70 / 1600, 1 - (top + (i + 0.5) * pitch) / 900, f"{f:g}", **how)
    figure.text(70 / 1600, 1 - (top - 20) / 900, "f", **how)
    for j, angle in list(enumerate(angles))[:: _every(angles)]:
        figure.text((97 + (j + 0.5) * pitch) / 1600, 1 - (top - 20) / 900, f"{angle:g}°", **how)


def _heat(
    figure: Any, box: tuple[float, ...], energy: np.ndarray, frequencies: list[float], angles: list[float]
) -> None:
    axes = panel(figure, (box[0], box[1], box[2], box[3]))
    axes.imshow(energy, cmap="cividis", aspect="auto", vmin=0)
    axes.set_yticks(range(len(frequencies)), [f"{f:g}" for f in frequencies], size=14)
    every = _every(angles)
    axes.set_xticks(range(0, len(angles), every), [f"{angle:g}°" for angle in angles[::every]], size=12, rotation=45)
    axes.tick_params(length=0)
    axes.set_ylabel("f", size=14, color=GREY, rotation=0, labelpad=10)
    for at in np.ndindex(energy.shape) if every == 1 else ():
        colour = "white" if energy[at] < 0.6 * energy.max() else INK
        text = f"{energy[at]:.1f}" if energy.max() >= 10 else f"{energy[at]:.2f}"
        axes.text(at[1], at[0], text, ha="center", va="center", size=11.5, color=colour)


def _every(angles: list[float]) -> int:
    """Of many angles, every second, third, ... has a label."""
    return -(-len(angles) // LABELS)
