"""What a demonstration found, and how it is kept: rows in a CSV file, arrays in an .npz file beside it."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

from dlab.errors import DataError
from dlab.results import durable

Cell = int | float | str


@dataclass(frozen=True)
class Findings:
    """Rows of one table, all with the same keys, and arrays by name."""

    rows: Sequence[Mapping[str, Cell]]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def save(folder: Path, name: str, found: Findings) -> None:
    """Write name.csv, and name.npz where there are arrays; numbers read back to the same bits."""
    table = StringIO()
    writer = csv.DictWriter(table, list(found.rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _plain(cell) for key, cell in row.items()} for row in found.rows)
    durable.replace(folder / f"{name}.csv", table.getvalue().encode())
    if found.arrays:
        content = BytesIO()
        np.savez(content, **found.arrays)  # type: ignore[arg-type]
        durable.replace(folder / f"{name}.npz", content.getvalue())


def load(folder: Path, name: str) -> Findings:
    """Read what `save` wrote; DataError where it cannot be read."""
    table, arrays = folder / f"{name}.csv", folder / f"{name}.npz"
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = [{key: _value(cell) for key, cell in row.items()} for row in csv.DictReader(file)]
        return Findings(rows, dict(np.load(arrays, allow_pickle=False)) if arrays.exists() else {})
    except (OSError, ValueError) as fault:
        raise DataError(f"cannot read {table}: {fault}") from fault


def _plain(cell: Any) -> Cell:
    """NumPy's numbers as Python's."""
    return cell.item() if isinstance(cell, np.generic) else cell


def _value(cell: str) -> Cell:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            pass
    return cell
