"""A colour image is a box."""

from collections.abc import Iterator

from rich.console import RenderableType

from dlab.report import tables
from dlab.report.matrices import beside, block, heading
from dlab.report.slide import number
from dlab.results.findings import Findings


def tell(found: Findings) -> Iterator[RenderableType]:
    """The kernel channel by channel, and what each adds."""
    yield heading("Channels add up", "Every channel has weights of its own; a filter's response is the sum over them.")
    names = [str(row["channel"]) for row in found.rows]
    yield beside(block(name, kernel) for name, kernel in zip(names[:-1], found.arrays["kernel"], strict=True))
    cells = [(row["channel"], number(float(row["first response"]))) for row in found.rows]
    yield tables.listing(("channel", "response at the first place>"), cells)
