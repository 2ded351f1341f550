"""Matrices as text, side by side."""

from collections.abc import Iterable

import numpy as np
from rich.columns import Columns
from rich.constrain import Constrain
from rich.text import Text

from dlab.report.slide import number

NOTE = 110  # letters in a line of a note, where the terminal has as many


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


def heading(text: str, note: str = "") -> Constrain:
    """A line over what follows, and a note on it."""
    found = Text("\n")
    found.append(text, style="bold")
    return Constrain(found.append(f"\n{note}" if note else ""), NOTE)
