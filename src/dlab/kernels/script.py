"""What changes from step to step: a line that the calls of a plan read, and the score that they leave.

    line    rows of the batch, keys of what is random, coefficients of the update
    score   sum of the losses, number correct, penalty, of one step

The lines of the steps that come next are written, then played in one go.  Where kernels share the host's memory, one
step is played at a time, and its line is written where the calls read it; a GPU gets many ahead (`gpu/pages.py`).
"""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from dlab.kernels.memory import aligned

SCORE = 3
WORD = 8  # bytes: what a part of a line begins on


class Line(NamedTuple):
    """One step's: rows [batch] int64, keys [k] uint32, coefficients [c]."""

    rows: np.ndarray
    keys: np.ndarray
    coefficients: np.ndarray


class Playable(Protocol):
    """A plan, as a script sees it."""

    def run(self) -> None: ...


class Script:
    """Lines to write and to play, one step at a time.

    lines: those of the steps that come next; line: where calls read the present one; score: where they add to
    turned: the calls that end a step
    """

    def __init__(self, ops: Any, batch: int, keys: int = 0, coefficients: int = 0):
        self.ops = ops
        self._parts = [((batch,), np.int64), ((keys,), np.uint32), ((coefficients,), ops.dtype)]
        self.present = aligned((sum(map(_words, self._parts)) * WORD,), np.uint8)
        self.line = self._cut(self.present)
        self.lines = [self.line]
        self.score = aligned((SCORE,), ops.sums)
        self.turned: list[Any] = []

    def play(self, plans: Sequence[Playable]) -> list[list[float]]:
        """Run the plan of each line; returns the score of each."""
        self.open(len(plans))
        for plan in plans:
            plan.run()
        return self.scores(len(plans))

    def open(self, steps: int) -> None:
        """Show the calls the lines of so many steps; the first is now the present one."""
        self.score.fill(0)
        self.ops.send(self.score)
        self.ops.send(self.present)

    def scores(self, steps: int) -> list[list[float]]:
        """What each of the steps since `open` left."""
        return [self.ops.fetch(self.score).tolist()]

    def _cut(self, line: np.ndarray) -> Line:
        """The parts of a line's bytes."""
        parts, start = [], 0
        for shape, kind in self._parts:
            size = prod(shape) * np.dtype(kind).itemsize
            parts.append(line[start : start + size].view(kind))
            start += _words((shape, kind)) * WORD
        return Line(*parts)


def _words(part: tuple[tuple[int, ...], Any]) -> int:
    shape, kind = part
    return -(-prod(shape) * np.dtype(kind).itemsize // WORD)
