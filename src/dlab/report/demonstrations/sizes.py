"""How large an output is."""

from collections.abc import Iterator

from rich.console import RenderableType

from dlab.report import tables
from dlab.report.matrices import heading
from dlab.results.findings import Findings


def tell(found: Findings) -> Iterator[RenderableType]:
    """The formula and its cases."""
    yield heading(
        "Output size O = floor((W + 2P - F) / S) + 1",
        "Rounded down, which the lecture leaves out (E04); the zeros stand around the input (E03). A window of 2 over "
        "6 pixels with pad 1 gives 7: L3's quiz prints 5, the value without padding (E57). AlexNet's 227 fits exactly, "
        "the paper's 224 does not (E06).",
    )
    cells = [[f"{cell:g}" for cell in row.values() if not isinstance(cell, str)] for row in found.rows]
    yield tables.listing([f"{head}>" for head in found.rows[0]], cells)
