"""Images made of a few numbers."""

from dataclasses import dataclass
from math import cos, pi, radians, sin

import numpy as np

from dlab.registry import IMAGES
from dlab.studies.filters.images.image import Image
from dlab.studies.filters.plane import Few, Number, Rows, Side, grid, matrices


@IMAGES.register("step")
@dataclass(frozen=True, kw_only=True)
class Step(Image):
    """A vertical edge: the left half `high`, the right half 0; source: L0, L1 (T01-T04)."""

    size: Side = 6
    high: Number = 10.0

    def pixels(self) -> np.ndarray:
        return np.where(np.arange(self.size) < self.size // 2, self.high, 0.0) * np.ones((1, self.size, 1))


@IMAGES.register("constant")
@dataclass(frozen=True, kw_only=True)
class Constant(Image):
    """The same number everywhere; source: L4 (T20)."""

    size: Side = 3
    channels: Few = 3
    value: Number = 1.0

    def pixels(self) -> np.ndarray:
        return np.full((self.channels, self.size, self.size), self.value)


@IMAGES.register("rows")
@dataclass(frozen=True, kw_only=True)
class Matrix(Image):
    """Numbers row by row: `rows` for one channel, or `channels`, a list of rows for each; source: L3 (T13)."""

    rows: Rows = ()
    channels: tuple[Rows, ...] = ()

    def __post_init__(self) -> None:
        matrices(self.rows, self.channels)

    def pixels(self) -> np.ndarray:
        return matrices(self.rows, self.channels)


@IMAGES.register("grating")
@dataclass(frozen=True, kw_only=True)
class Grating(Image):
    """A wave of light and dark: cos(2 pi f (x cos a + y sin a) + p), f in cycles per pixel, angle and phase in degrees.

    shapes: (1, size, size), x and y counted from the middle; source: L0 (T18)
    """

    size: Side = 64
    frequency: float = 0.5 / 3
    angle: float = 45.0
    phase: float = 0.0

    def pixels(self) -> np.ndarray:
        x, y = grid(self.size)
        along = x * cos(radians(self.angle)) + y * sin(radians(self.angle))
        return np.cos(2 * pi * self.frequency * along + radians(self.phase))[None]

    def contrast(self) -> np.ndarray:
        return self.pixels()  # it is a wave around 0, also where the edge of the image cuts a period

    def label(self) -> str:
        return f"grating at {self.angle:g}°"
