"""Filters written out in the spec."""

from dataclasses import dataclass

import numpy as np

from dlab.registry import FILTERS
from dlab.studies.filters.formulas.filter import Filter
from dlab.studies.filters.plane import Rows, matrices


@FILTERS.register("kernel")
@dataclass(frozen=True, kw_only=True)
class Kernel(Filter):
    """Numbers row by row: `rows` for every channel, or `channels`, a list of rows for each; source: L4 (T20)."""

    rows: Rows = ()
    channels: tuple[Rows, ...] = ()
    title: str = "kernel"

    def __post_init__(self) -> None:
        matrices(self.rows, self.channels)

    def weights(self) -> np.ndarray:
        w = matrices(self.rows, self.channels)
        return w if self.channels else w[0]

    def label(self) -> str:
        return self.title
