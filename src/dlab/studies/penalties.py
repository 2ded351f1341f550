"""Why L1 makes weights exactly zero and L2 does not: a loss of two weights that may not leave a ball of a p-norm.

    minimise E(w) = 1/2 (w - c)^T A (w - c)  subject to  ||w||_p <= r

c lies outside of the ball, so the solution is where the lowest contour of E touches it.  A penalty of
lambda / p ||w||_p^p has the same solution for some lambda.
"""

from collections.abc import Iterator

import numpy as np

from dlab.results.illustrations import ContourPoint

CENTRE = np.array([1.4, 2.2])
CURVATURE = np.array([[0.6, -0.3], [-0.3, 1.0]])
RADIUS = 1.0
NORMS = (1.0, 2.0, 4.0)
CORNERS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]])


def loss(w: np.ndarray) -> np.ndarray:
    """E(w); shapes: (..., 2) -> (...)."""
    away = w - CENTRE
    return np.einsum("...i,ij,...j", away, CURVATURE, away) / 2


def ball(p: float, turn: np.ndarray) -> np.ndarray:
    """The boundary ||w||_p = r once around: `turn` from 0 to 4, with a corner of the diamond at each whole number.

    shapes: (...) -> (..., 2)
    """
    corner = np.minimum(np.floor(turn), 3).astype(int)
    share = (turn - corner)[..., None]
    direction = (1 - share) * CORNERS[corner] + share * CORNERS[corner + 1]
    return RADIUS * direction / np.linalg.norm(direction, p, axis=-1, keepdims=True)


def solution(p: float) -> np.ndarray:
    """The w of the smallest loss within the ball, by looking closer and closer; shapes: -> (2,)."""
    best, width = np.array(0.0), 2.0
    for _ in range(12):
        # The middle one is the best so far: a corner, once it is found, is kept to the last bit.
        turns = np.mod(best + width * np.linspace(-1, 1, 33), 4)
        best = turns[np.argmin(loss(ball(p, turns)))]
        width /= 8
    return ball(p, best)


def contour(level: float) -> np.ndarray:
    """The ellipse E(w) = level, closed; shapes: -> (n, 2)."""
    angle = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    return CENTRE + np.sqrt(2 * level) * np.linalg.solve(np.linalg.cholesky(CURVATURE).T, circle).T


def contours() -> Iterator[ContourPoint]:
    """All curves and points of the figure, a panel for each p."""
    for p in NORMS:
        touching = solution(p)
        level = float(loss(touching))
        curves = [("loss", part * level, contour(part * level)) for part in (0.05, 0.25, 0.6, 1.0)]
        curves.append(("ball", RADIUS, ball(p, np.linspace(0, 4, 129))))
        curves += [("minimum", 0.0, CENTRE[None]), ("solution", level, touching[None])]
        for curve, height, points in curves:
            for x, y in points:
                yield ContourPoint(p, curve, height, x, y)
