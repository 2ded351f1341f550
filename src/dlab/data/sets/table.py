"""The user's own table: `csv`, one sample a row."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from dlab.data.dataset import Data, Samples, classified
from dlab.data.sets.own import Own
from dlab.errors import DataError
from dlab.registry import DATASETS, suggestion

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
        if self.label not in header:
            near = suggestion(self.label, header)
            raise DataError(f'{path}: no column "{self.label}".{near} There are: {", ".join(header)}')
        at = header.index(self.label)
        x = np.array(
            [[number(c, path, line, header[i]) for i, c in enumerate(cells) if i != at] for line, cells in rows]
        )
        x = x.astype(np.float32).reshape(len(rows), len(header) - 1)
        if self.task == "regression":
            y = np.array([[number(cells[at], path, line, self.label)] for line, cells in rows], np.float32)
            return self.finish(Samples(x, None, y), None, None, seed)
        classes = sorted({cells[at] for _, cells in rows})
        labels = np.array([classes.index(cells[at]) for _, cells in rows])
        return self.finish(classified(x, labels, len(classes), str(path)), None, tuple(classes), seed)


def read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """(header, [(line number, cells)]); DataError names the row that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            rows = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from None
    if len(header) < 2 or not rows or len(set(header)) != len(header):
        raise DataError(f"{path}: wanted a header row of two or more different names, comma between, and rows below it")
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"{path}: line {line} has {len(cells)} cells, the header {len(header)}")
    return header, rows


def number(cell: str, path: Path, line: int, column: str) -> float:
    """A cell as a number, in the strict grammar: no spaces, no thousands, a point for the decimals."""
    if not NUMBER.fullmatch(cell):
        raise DataError(f'{path}: line {line}, column "{column}": "{cell[:20]}" is not a number')
    value = float(cell)
    if abs(value) > 3e38:
        raise DataError(f'{path}: line {line}, column "{column}": {cell[:20]} is too large')
    return value
