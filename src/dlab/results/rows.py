"""Records as rows of a CSV file: floats read back to the same bits, and a missing value is an empty cell."""

from collections.abc import Iterable
from dataclasses import fields
from numbers import Integral
from pathlib import Path
from typing import Any, Generic, TypeVar

from dlab.errors import DataError
from dlab.results import durable

Row = TypeVar("Row", bound=Any)  # a dataclass of int, float, str, int | None and float | None; text without commas


class Rows(Generic[Row]):
    """A CSV file with one column per field of a record."""

    def __init__(self, path: Path, kind: type[Row]):
        self.path = path
        self.kind = kind
        self._header = ",".join(field.name for field in fields(kind)) + "\n"

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.path.exists()

    def create(self) -> None:
        """An empty table: the header alone."""
        self.write([])

    def write(self, rows: Iterable[Row]) -> None:
        """A table of these rows, in the place of the one there was."""
        durable.replace(self.path, (self._header + "".join(map(self._line, rows))).encode())

    def append(self, *rows: Row) -> None:
        """Whole rows; `sync` waits until they are stored."""
        durable.append(self.path, "".join(map(self._line, rows)))

    def sync(self) -> None:
        """Wait until all rows are stored."""
        durable.sync(self.path)

    def read(self) -> list[Row]:
        """All rows; a last row without its end is one that was being written, and does not count."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise DataError(f"cannot read {self.path}: {fault}") from fault
        header, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
        if header + "\n" != self._header:
            raise DataError(f"{self.path}: the first line must be {self._header.strip()}")
        return [self._row(number, line) for number, line in enumerate(lines, start=2)]

    def size(self) -> int:
        """Bytes of all rows so far."""
        return self.path.stat().st_size

    def cut(self, size: int) -> None:
        """Drop what was written after the table had this size."""
        if self.size() > size:
            durable.cut(self.path, size)

    def _line(self, row: Row) -> str:
        return ",".join(_cell(getattr(row, field.name)) for field in fields(self.kind)) + "\n"

    def _row(self, number: int, line: str) -> Row:
        cells = line.split(",")
        try:
            return self.kind(*(_value(field.type, cell) for field, cell in zip(fields(self.kind), cells, strict=True)))
        except ValueError as fault:
            raise DataError(f"{self.path}:{number}: not a row of {self._header.strip()}") from fault


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return str(int(value)) if isinstance(value, Integral) else repr(float(value))


def _value(kind: Any, cell: str) -> Any:
    if not cell and kind in (int | None, float | None):
        return None
    return kind(cell) if kind in (int, str) else int(cell) if kind == int | None else float(cell)
