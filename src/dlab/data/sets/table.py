"""The user's own table: `csv`, one sample a row."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from dlab import machine
from dlab.data.dataset import Data, classified
from dlab.data.samples import Samples
from dlab.data.sets.own import Own
from dlab.errors import DataError
from dlab.registry import DATASETS, suggestion

AS_CELLS = 20  # bytes of memory for each byte of the file
MANY = 20  # names that are listed
NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


@DATASETS.register("csv")
@dataclass(frozen=True, kw_only=True)
class Csv(Own):
    """A table with a header row: the column `label` is what to predict, all others are numbers; shapes: (columns,)."""

    label: str = "label"
    task: Literal["classification", "regression"] = "classification"

    def load(self, seed: int = 0) -> Data:
        path = self.place()
        header, rows = read(path)
        at = self._column(header, path)
        x = np.array(
            [[number(c, path, line, header[i]) for i, c in enumerate(cells) if i != at] for line, cells in rows]
        )
        x = x.astype(np.float32).reshape(len(rows), len(header) - 1)
        wanted = [(line, cells[at]) for line, cells in rows]
        if self.task == "regression":
            y = np.array([[number(cell, path, line, self.label)] for line, cell in wanted], np.float32)
            return self.finish(Samples(x, None, y), None, None, seed)
        classes, labels = self._classes(wanted, path)
        return self.finish(classified(x, labels, len(classes), str(path)), None, classes, seed)

    def _column(self, header: list[str], path: Path) -> int:
        """Where the labels are."""
        if self.label in header:
            return header.index(self.label)
        near = suggestion(self.label, header)
        raise DataError(f'{path}: no column "{self.label}".{near} There are: {", ".join(header[:MANY])}')

    def _classes(self, cells: list[tuple[int, str]], path: Path) -> tuple[tuple[str, ...], np.ndarray]:
        """The names of the classes in alphabetical order, and the number of each row's."""
        nameless = next((line for line, cell in cells if not cell), None)
        if nameless:
            raise DataError(f'{path}: line {nameless}, column "{self.label}": there is no label')
        classes = tuple(sorted({cell for _, cell in cells}))
        numbers = {name: number for number, name in enumerate(classes)}
        return classes, np.array([numbers[cell] for _, cell in cells])


def read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """(header, [(line number, cells)]); DataError names the row that is wrong."""
    rows = list(_rows(_text(path), path))
    header = rows[0][1] if rows else []
    rows = [(line, cells) for line, cells in rows[1:] if cells]
    if len(header) < 2 or not rows or len(set(header)) != len(header):
        found = next((f', not "{mark}",' for mark in (";", "\t", "|") if header and mark in header[0]), "")
        wanted = f"a header row of two or more different names, comma{found} between, and rows below it"
        raise DataError(f"{path}: wanted {wanted}")
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"{path}: line {line} has {len(cells)} cells, the header {len(header)}")
    return header, rows


def _text(path: Path) -> str:
    """What a table's file holds, if that is text and fits into memory as cells."""
    try:
        size, free = path.stat().st_size, machine.free_memory()
        if AS_CELLS * size > free:
            raise DataError(f"{path}: {size:,} bytes are too many for a table in {free:,} of memory: save it as .npz")
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line} cannot be read: it is not UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read as a table ({error.strerror})") from None


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(number of its last line, cells) of every row."""
    last = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        for cells in reader:
            last = reader.line_num
            if not all(map(str.isprintable, cells)):
                raise DataError(f"{path}: line {last} has characters that cannot be printed")
            yield last, cells
    except csv.Error as error:
        raise DataError(f"{path}: line {last + 1} cannot be read as cells ({error})") from None


def number(cell: str, path: Path, line: int, column: str) -> float:
    """A cell as a number, in the strict grammar: no spaces, no thousands, a point for the decimals."""
    if not NUMBER.fullmatch(cell):
        raise DataError(f'{path}: line {line}, column "{column}": "{cell[:20]}" is not a number')
    value = float(cell)
    if abs(value) > 3e38:
        raise DataError(f'{path}: line {line}, column "{column}": {cell[:20]} is too large')
    return value
