"""The filters that the lectures begin with, as matrices and as formulas."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dlab.nn.layer import Positive
from dlab.registry import FILTERS
from dlab.studies.filters.formulas.filter import Filter
from dlab.studies.filters.plane import Window, grid

EDGE = np.array([[1.0, 0.0, -1.0]] * 3)
SOBEL = np.array([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])


@FILTERS.register("mean")
@dataclass(frozen=True, kw_only=True)
class Mean(Filter):
    """Smooths: w = 1 / F^2 everywhere; the lecture prints a fourth row, which is none (erratum E13); source: L1."""

    size: Window = 3

    def weights(self) -> np.ndarray:
        return np.full((self.size, self.size), 1 / self.size**2)

    def label(self) -> str:
        return f"mean {self.size}x{self.size}"


@FILTERS.register("gaussian")
@dataclass(frozen=True, kw_only=True)
class Gaussian(Filter):
    """Smooths without corners: w ~ exp(-(x^2 + y^2) / (2 sigma^2)), sum 1; source: field standard."""

    sigma: Positive = 1.0
    size: Window = 5

    def weights(self) -> np.ndarray:
        x, y = grid(self.size)
        w = np.exp(-(x**2 + y**2) / (2 * self.sigma**2))
        return w / w.sum()

    def label(self) -> str:
        return f"Gaussian, sigma {self.sigma:g}"


@FILTERS.register("vertical_edge")
@dataclass(frozen=True, kw_only=True)
class VerticalEdge(Filter):
    """Finds vertical edges: rows [1, 0, -1], so bright on the left gives +; source: L0 (T01)."""

    def weights(self) -> np.ndarray:
        return EDGE


@FILTERS.register("horizontal_edge")
@dataclass(frozen=True, kw_only=True)
class HorizontalEdge(Filter):
    """Finds horizontal edges: the transpose of vertical_edge; source: L0."""

    def weights(self) -> np.ndarray:
        return EDGE.T


@FILTERS.register("sobel")
@dataclass(frozen=True, kw_only=True)
class Sobel(Filter):
    """Finds edges with more weight on the middle: [[1, 0, -1], [2, 0, -2], [1, 0, -1]]; source: L1 (T03)."""

    edges: Literal["vertical", "horizontal"] = "vertical"

    def weights(self) -> np.ndarray:
        return SOBEL if self.edges == "vertical" else SOBEL.T

    def label(self) -> str:
        return f"Sobel, {self.edges}"


@FILTERS.register("laplacian")
@dataclass(frozen=True, kw_only=True)
class Laplacian(Filter):
    """Finds edges of all directions, and points: the sum of the second differences; source: field standard."""

    diagonals: bool = False

    def weights(self) -> np.ndarray:
        if self.diagonals:
            return np.array([[1.0, 1.0, 1.0], [1.0, -8.0, 1.0], [1.0, 1.0, 1.0]])
        return np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])

    def label(self) -> str:
        return "Laplacian"
