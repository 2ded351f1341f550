"""An optimizer at work on a few numbers, driven as a trainer drives it, in float64."""

import numpy as np

from dlab import kernels
from dlab.optim.optimizer import Optimizer
from dlab.optim.surfaces import Surface


class Descent:
    """Moves `w` in place, a step at a time: this step's coefficients, the loss fed back, one update."""

    def __init__(self, optimizer: Optimizer, w: np.ndarray):
        self.optimizer = optimizer
        self.w = w
        self._steps = 0
        self._gradient = np.zeros_like(w)
        self._coefficients = np.array(optimizer.coefficients(1))
        self._memory = np.array(optimizer.memory)
        states = [np.full_like(w, start) for start in optimizer.start()]
        update = kernels.backend("reference").update
        self._update = update.apply(
            optimizer.rule, w, self._gradient, states, self._coefficients, 0, 0.0, 0.0, 0.0, 2.0
        )

    def step(self, gradient: np.ndarray, loss: float) -> None:
        """One step with this gradient; the loss is for the optimizers that listen to it."""
        self._steps += 1
        self._gradient[:] = gradient
        self._coefficients[:] = self.optimizer.coefficients(self._steps)
        self.optimizer.feedback(loss, self._memory, self._coefficients)
        self._update()


def path(optimizer: Optimizer, surface: Surface, noise: np.ndarray) -> np.ndarray:
    """Where an optimizer goes on a surface; each step sees the gradient plus its row of `noise`.

    shapes: noise (steps, 2) -> (steps + 1, 2), the start first
    """
    descent = Descent(optimizer, np.array(surface.start))
    found = [descent.w.copy()]
    for offset in noise:
        descent.step(surface.gradient(descent.w) + offset, float(surface.value(descent.w)))
        found.append(descent.w.copy())
    return np.array(found)


def rates(optimizer: Optimizer, gradients: np.ndarray) -> np.ndarray:
    """The effective rate of each step: how far w moves against the gradient, per unit of it.

    shapes: gradients (steps), none of them 0 -> (steps); source: L0, L3 (E44)
    """
    descent = Descent(optimizer, np.zeros(1))
    found = []
    for gradient in gradients:
        descent.w[:] = 0
        descent.step(gradient, 1.0)
        found.append(-descent.w[0] / gradient)
    return np.array(found)
