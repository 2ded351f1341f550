"""Receptive fields."""

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from dlab.report import tables
from dlab.report.canvas import BLUE, GREEN, INK, VERMILION, blank, frame
from dlab.report.matrices import heading
from dlab.report.slide import axes_in, panel
from dlab.results.findings import Findings

COLOURS = (VERMILION, BLUE, GREEN, INK)
LINES = ("-", "--", "-.", ":")


def tell(found: Findings) -> Iterator[RenderableType]:
    """Each network layer by layer."""
    yield heading(
        "Receptive fields: r grows by (F - 1) j, the jump j by the stride",
        "As in the visual pathway, deeper units see more of the image and can stand for more complex things.",
    )
    heads = [head if head in ("network", "layer") else f"{head}>" for head in found.rows[0]]
    yield tables.listing(heads, (list(row.values()) for row in found.rows))


def draw(found: Findings) -> Any:
    """Growth over layers on the left, the fields of one network around one pixel on the right."""
    figure = blank("Receptive fields grow layer by layer", "how many pixels of the input a unit sees", 0.03)
    networks = list(dict.fromkeys(str(row["network"]) for row in found.rows))
    axes = axes_in(figure, (90, 205, 660, 560))
    frame(axes, "Field in pixels", "layer with a window")
    for index, name in enumerate(networks):
        fields = [row["receptive field"] for row in found.rows if row["network"] == name]
        style = {"color": COLOURS[index % 4], "linestyle": LINES[index % 4], "linewidth": 3.2, "marker": "o"}
        axes.plot(range(1, len(fields) + 1), fields, label=name, markersize=8, **style)
    axes.legend(fontsize=16, framealpha=1, edgecolor="white", loc="upper left")
    axes.xaxis.get_major_locator().set_params(integer=True)
    _squares(figure, found, "lenet" if "lenet" in networks else networks[0])
    return figure


def _squares(figure: Any, found: Findings, network: str) -> None:
    from matplotlib.patches import Rectangle

    digit = found.arrays["digit"]
    axes = panel(figure, (850, 205, 500, 500), f"one unit of each layer of {network}", 19)
    axes.imshow(digit, cmap="gray_r", alpha=0.55)
    middle = (digit.shape[0] - 1) / 2
    rows = [row for row in found.rows if row["network"] == network]
    for index, row in enumerate(rows):
        side = float(row["receptive field"])
        corner = (middle - side / 2, middle - side / 2)
        axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=COLOURS[index % 4], linewidth=3.5))
        text = f"{row['layer']}: {row['receptive field']}"
        how = {"size": 15, "weight": "bold", "color": COLOURS[index % 4], "va": "center", "annotation_clip": False}
        axes.annotate(text, (1.02, 0.95 - 0.07 * index), xycoords="axes fraction", **how)
