"""Tables that fit their terminal."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

WIDE, NARROW = 3, 2  # spaces between columns
EDGES = 2  # of a wide table; a narrow one has none
STYLE: dict[str, Any] = {"box": SIMPLE, "pad_edge": False, "header_style": "bold", "footer_style": "bold"}


class Fitted(Table):
    """Names, folded where they must be and never cut, since people copy them; and numbers, which stay in one piece.

    A head that ends in ">" is one of numbers.  Where the terminal is too narrow, heads take a line a word; then the
    spare columns are left out, the first named first, and a last line says so.
    """

    def __init__(self, heads: Sequence[str], spare: Sequence[str] = (), footer: bool = False):
        super().__init__(**STYLE, show_footer=footer)
        self.spare = spare
        for head in heads:
            self.add_column(head.rstrip(">"), **_kind(number=head.endswith(">")))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width
        if sum(map(_whole, self.columns)) + WIDE * (len(self.columns) - 1) + EDGES <= room:
            yield from super().__rich_console__(console, options)
            return
        shown, missing = list(self.columns), []
        for name in self.spare:
            if _least(shown) <= room:
                break
            shown = [column for column in shown if column.header != name]
            missing.append(name)
        yield Text()
        yield self._narrow(shown, _least(shown) <= room)
        yield Text(f"\na wider terminal has room for: {', '.join(missing)}" if missing else "")

    def _narrow(self, columns: Sequence[Column], fits: bool) -> Table:
        """A table of these columns; where not even they fit, numbers are folded too."""
        parts: dict[str, Any] = {"show_header": self.show_header, "show_footer": self.show_footer, "show_edge": False}
        table = Table(**STYLE, **parts, collapse_padding=True)
        for column in columns:
            table.add_column(_head(column), column.footer, **_kind(column.no_wrap and fits, column.justify))
        for row, cells in zip(self.rows, zip(*(column.cells for column in columns), strict=True), strict=True):
            table.add_row(*cells, style=row.style)
        return table


def _kind(number: bool, justify: str = "") -> dict[str, Any]:
    return {"justify": justify or ("right" if number else "left"), "no_wrap": number, "overflow": "fold"}


def _head(column: Column) -> str:
    """The head in as many lines as it has words, over numbers."""
    head = str(column.header)
    return head.replace(" ", "\n").replace("-", "-\n") if column.no_wrap else head


def _whole(column: Column) -> int:
    """The width of its longest line."""
    texts = (str(column.header), str(column.footer), *map(str, column.cells))
    return max((cell_len(line) for text in texts for line in text.splitlines()), default=0)


def _least(columns: Sequence[Column]) -> int:
    """The width of a narrow table, where names are folded at spaces."""
    return sum(map(_longest, columns)) + NARROW * (len(columns) - 1)


def _longest(column: Column) -> int:
    """The width of its longest piece: of a number's line, or a name's word."""
    texts = (_head(column), str(column.footer), *map(str, column.cells))
    pieces = (piece for text in texts for piece in (text.splitlines() if column.no_wrap else text.split()))
    return max(map(cell_len, pieces), default=0)
