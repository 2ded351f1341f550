"""Functions of two parameters on which the way of an optimizer can be seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Pair = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A loss E(x, y) >= 0 with its gradient, where a path starts, the minima (the deepest first), and what to show.

    shapes: value (..., 2) -> (...), gradient (..., 2) -> (..., 2)
    """

    formula: str
    value: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    start: Pair
    minima: tuple[Pair, ...]
    window: tuple[Pair, Pair]  # the range of x, the range of y


def _ravine(w: np.ndarray) -> np.ndarray:
    return w[..., 0] ** 2 / 20 + w[..., 1] ** 2


def _ravine_gradient(w: np.ndarray) -> np.ndarray:
    return w * np.array([0.1, 2.0])


def _valleys(w: np.ndarray) -> np.ndarray:
    return (w[..., 0] ** 2 - 4) ** 2 / 16 + 0.3 * w[..., 0] + w[..., 1] ** 2 / 2 + 0.75


def _valleys_gradient(w: np.ndarray) -> np.ndarray:
    return np.stack([w[..., 0] * (w[..., 0] ** 2 - 4) / 4 + 0.3, w[..., 1]], axis=-1)


SURFACES = {
    "ravine": Surface("x²/20 + y²", _ravine, _ravine_gradient, (-7.0, 2.0), ((0.0, 0.0),), ((-8, 4), (-3.4, 3.4))),
    "valleys": Surface(
        "(x² − 4)²/16 + 0.3 x + y²/2 + 0.75",
        _valleys,
        _valleys_gradient,
        (3.0, 1.5),
        ((-2.135846, 0.0), (1.828595, 0.0)),
        ((-3.4, 3.4), (-2, 2)),
    ),
}
