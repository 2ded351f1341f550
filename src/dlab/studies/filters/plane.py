"""Arrays of numbers in the plane: coordinates, and rows as they are written in a spec."""

import numpy as np

from dlab.errors import OptionError

Rows = tuple[tuple[float, ...], ...]


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
