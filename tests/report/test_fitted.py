"""Tables on wide and narrow terminals: numbers in one piece, names never cut, what is left out is said."""

import io

import pytest
from rich.console import Console

from dlab.report.fitted import Fitted

HEADS = ("layer", "output size>", "multiply-adds>", "memory>", "share>")
ROWS = [("convolution1", "96 × 55 × 55", "105,415,200", "1.2 MB", "18"), ("a/long/path", "10", "840", "40 B", "5")]


def text(width: int, spare=("memory", "share"), rows=ROWS, footer=False) -> str:
    table = Fitted(HEADS, spare, footer=footer)
    for row in rows:
        table.add_row(*row)
    if footer:
        table.columns[2].footer = "105,416,040"
    stream = io.StringIO()
    Console(file=stream, width=width).print(table)
    assert all(len(line.rstrip("\n")) <= width for line in stream.getvalue().splitlines())
    return stream.getvalue()


def test_a_wide_terminal_has_every_head_in_one_line():
    said = text(75)
    assert all(head.rstrip(">") in said for head in HEADS)
    assert "wider terminal" not in said


@pytest.mark.parametrize(
    ("width", "missing"), [(54, ""), (53, "memory"), (46, "memory"), (45, "memory, share"), (39, "memory, share")]
)
def test_spare_columns_go_one_by_one_and_are_named(width, missing):
    said = " ".join(text(width).split())
    assert said.endswith(f"a wider terminal has room for: {missing}") if missing else "wider" not in said
    assert all(" ".join(row[:3]) in said for row in ROWS)


def test_totals_stay_under_their_column():
    said = [line for line in text(50, footer=True).splitlines() if "105,4" in line]
    assert said[0].index("105,415,200") == said[1].index("105,416,040")


@pytest.mark.parametrize("width", [12, 20, 30])
def test_nothing_is_cut_where_nothing_fits(width):
    said = "".join(text(width, spare=()).split())
    assert all(said.count(digit) >= "105,415,200".count(digit) for digit in "05124")
    assert "…" not in said


def test_a_table_without_rows_is_its_heads():
    assert "layer" in text(30, rows=[])
