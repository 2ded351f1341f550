"""Arrays of numbers in the plane: coordinates, and rows as they are written in a spec."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from dlab.errors import OptionError

Side = Annotated[int, Ge(1), Le(4096)]  # of an image
Window = Annotated[int, Ge(1), Le(255)]  # of a filter
Few = Annotated[int, Ge(1), Le(360)]  # pictures of a series
Number = Annotated[float, Ge(-1e9), Le(1e9)]  # sums of products stay finite in float32
Rows = tuple[tuple[Number, ...], ...]


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x to the right and y downwards, 0 in the middle; shapes: two of [size, size]."""
    steps = np.arange(size) - (size - 1) / 2
    y, x = np.meshgrid(steps, steps, indexing="ij")
    return x, y


def matrices(rows: Rows, channels: tuple[Rows, ...]) -> np.ndarray:
    """`rows` as one channel or `channels` as several, [C, H, W]; OptionError names the row of another length."""
    if bool(rows) == bool(channels):
        raise OptionError("must have either rows or channels")
    for number, channel in enumerate(channels or (rows,)):
        for line, row in enumerate(channel):
            if len(row) != len((rows or channels[0])[0]) or not row:
                field = f"rows.{line}" if rows else f"channels.{number}.{line}"
                wanted = len((rows or channels[0])[0]) or "one or more"
                raise OptionError(f"has {len(row)} numbers, wanted {wanted}: all rows are of one length", field)
        if len(channel) != len(rows or channels[0]) or not channel:
            raise OptionError(
                f"has {len(channel)} rows, the first channel has {len(channels[0])}", f"channels.{number}"
            )
    return np.array(channels or (rows,), float)
