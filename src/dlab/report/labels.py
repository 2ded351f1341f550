"""Labels at the ends of curves that keep their distance."""

from collections.abc import Mapping
from typing import Any

Point = tuple[float, float]


def apart(heights: Mapping[str, float], room: float) -> dict[str, float]:
    """Heights at least `room` apart and as close to the wanted ones as that allows, in the same order.

    Neighbours that would touch form a block, centred on the mean of what its members want.
    """
    blocks: list[tuple[list[str], float]] = []
    for name in sorted(heights, key=lambda name: heights[name]):
        block = ([name], heights[name])
        while blocks and block[1] - blocks[-1][1] < room * (len(block[0]) + len(blocks[-1][0])) / 2:
            names, middle = blocks.pop()
            share = len(names) / (len(names) + len(block[0]))
            block = (names + block[0], share * middle + (1 - share) * block[1])
        blocks.append(block)
    return {
        name: middle + room * (number - (len(names) - 1) / 2)
        for names, middle in blocks
        for number, name in enumerate(names)
    }


def at_ends(axes: Any, ends: Mapping[str, Point], colors: Mapping[str, str], size: float) -> None:
    """Each text right of the end of its curve, joined to it by a thin line; limits and scales must stand already."""
    pixels = axes.figure.dpi / 72  # of a point
    heights = {text: float(axes.transData.transform(end)[1]) for text, end in ends.items()}
    how = {"textcoords": "offset points", "size": size, "va": "center", "weight": "bold", "annotation_clip": False}
    for text, height in apart(heights, 1.3 * size * pixels).items():
        place = (16, (height - heights[text]) / pixels)
        line = {"arrowstyle": "-", "linewidth": 0.8, "shrinkA": 2, "shrinkB": 2, "relpos": (0, 0.5)}
        line["color"] = colors[text]
        axes.annotate(text, ends[text], place, color=colors[text], arrowprops=line, **how)
