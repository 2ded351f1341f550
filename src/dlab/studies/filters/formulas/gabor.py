"""Gabor's filter, with the lecture's parameters."""

from dataclasses import dataclass
from math import cos, pi, radians, sin
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge

from dlab.nn.layer import Positive
from dlab.registry import FILTERS
from dlab.studies.filters.formulas.filter import Filter
from dlab.studies.filters.plane import Number, Window, grid

Frequency = Annotated[float, Ge(0)]


@dataclass(frozen=True, kw_only=True)
class Wave:
    """The parameters of a Gabor function; theta (orientation) and P (phase) in degrees.

    f is in cycles per sigma_x, since x' is already divided by it: f / sigma_x cycles per pixel (erratum E07).
    """

    K: Number = 1.0
    f: Frequency = 0.5
    P: float = 0.0
    theta: float = 0.0
    sigma_x: Positive = 3.0
    sigma_y: Positive = 3.0
    size: Window = 21

    def values(self) -> np.ndarray:
        """A Gaussian window times a complex wave: g = K exp(-(x'^2 + y'^2) / 2) exp(i (2 pi f x' + P)).

        formula: x' = (x cos theta + y sin theta) / sigma_x, y' = (-x sin theta + y cos theta) / sigma_y
        shapes: -> complex [size, size], x to the right, y downwards; source: L0 (T18)
        """
        (x, y), c, s = grid(self.size), cos(radians(self.theta)), sin(radians(self.theta))
        along, across = (x * c + y * s) / self.sigma_x, (-x * s + y * c) / self.sigma_y
        window = self.K * np.exp(-(along**2 + across**2) / 2)
        return window * np.exp(1j * (2 * pi * self.f * along + radians(self.P)))

    def pair(self) -> list[np.ndarray]:
        """The even (cosine) and the odd (sine) part, each [1, size, size]."""
        g = self.values()
        return [g.real[None], g.imag[None]]


@FILTERS.register("gabor")
@dataclass(frozen=True, kw_only=True)
class Gabor(Wave, Filter):
    """One part of a Gabor function: real is even (cosine), imaginary is odd (sine); source: L0 (T18)."""

    part: Literal["real", "imaginary"] = "real"

    def weights(self) -> np.ndarray:
        g = self.values()
        return g.real if self.part == "real" else g.imag

    def label(self) -> str:
        return f"Gabor, {self.part}, {self.theta:g}°"
