"""Matrices as text, side by side."""

from collections.abc import Iterable

import numpy as np
from rich.columns import Columns
from rich.text import Text

from dlab.report.slide import number


def block(title: str, values: np.ndarray, digits: int = 2) -> Text:
    """A matrix under its title, its columns flush right."""
    cells = [[number(float(value), digits) for value in row] for row in np.atleast_2d(values)]
    wide = max(len(cell) for row in cells for cell in row)
    lines = [" ".join(cell.rjust(wide) for cell in row) for row in cells]
    text = Text(no_wrap=True)
    text.append(title, style="bold")
    return text.append("\n" + "\n".join(lines))


def beside(blocks: Iterable[Text]) -> Columns:
    """Blocks in one line, as far as they fit the terminal."""
    return Columns(list(blocks), padding=(0, 4))


def heading(text: str, *notes: str) -> Text:
    """A line over what follows, and notes on it."""
    found = Text("\n")
    found.append(text, style="bold")
    return found.append("".join(f"\n{note}" for note in notes))
