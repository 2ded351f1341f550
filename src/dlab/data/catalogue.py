"""Which data sets there are and which of them are here, without loading any that is large."""

from typing import NamedTuple

from dlab.errors import DataError
from dlab.layout import Shape
from dlab.registry import DATASETS


class Row(NamedTuple):
    """One data set; `found` is None where it is not here, and what is not known is ""."""

    name: str
    found: str | None
    shape: Shape | str = ""
    train: int | str = ""
    test: int | str = ""


def available() -> list[Row]:
    """All data sets, in alphabetical order."""
    return [_row(name) for name in DATASETS]


def _row(name: str) -> Row:
    entry = DATASETS[name]()
    found = entry.where()
    if found is None:
        return Row(name, None)
    try:
        return Row(name, found, entry.peek()[0], *entry.counts())
    except DataError:  # it lies there, but its headers are damaged
        return Row(name, found)
