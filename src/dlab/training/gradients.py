"""Backpropagation against central differences, layer by layer, on the float64 reference (L2, T26)."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from dlab.kernels import backend
from dlab.layout import volume
from dlab.nn.network import Network
from dlab.nn.plan import Plan
from dlab.training.randomness import CHECK, stream

STEP = 1e-5  # h of the central difference: its error h^2 and the rounding error eps / h are both far below 1e-6
SAMPLES = 8
LEAST = 1e-4  # smaller gradients are compared absolutely: a difference is rounded to about eps E / h = 1e-11
CHECKED = 40  # parameters of each array that are tried, at random


@dataclass(frozen=True)
class GradientRow:
    """One layer's check: the largest relative difference found, and what either way costs for all its parameters."""

    name: str
    parameters: int
    checked: int
    error: float
    backprop_seconds: float
    numerical_seconds: float


class GradientCheck:
    """Compares dE/dw of both ways on one small batch, with dropout masks held fixed."""

    def __init__(self, network: Network, data: Any, spec: Any):
        ops, seed = backend("reference"), spec.train.seed
        self.network, self.seed = network, seed
        self.parameters, self.gradients = ops.zeros((network.size,)), ops.zeros((network.size,))
        network.start(self.parameters, spec.model.init, seed)
        statistics = ops.zeros((network.statistics_size,))  # of no use here: a training step reads its batch's own
        self.batch = min(SAMPLES, len(data.train.x))
        scaling = data.scale, data.shift
        arrays = self.parameters, statistics, self.gradients
        self.plan = Plan(network, ops, data.train, scaling, spec.loss, self.batch, *arrays)
        self.plan.rows[:] = np.arange(self.batch)

    def rows(self) -> list[GradientRow]:
        """One row for each array of parameters."""
        begin = perf_counter()
        self._loss()
        backprop = perf_counter() - begin
        exact = self.network.views(self.gradients.copy())
        views = self.network.views(self.parameters)
        return [self._row(number, name, views[name], exact[name], backprop) for number, name in enumerate(views)]

    def _loss(self) -> float:
        return self.plan.script.play([self.plan])[0][0] / self.batch

    def _row(self, number: int, name: tuple[str, str], view: Any, exact: Any, backprop: float) -> GradientRow:
        count = min(CHECKED, view.size)
        places = stream(self.seed, CHECK, number).choice(view.size, count, replace=False)
        begin = perf_counter()
        slopes = np.array([self._slope(view.reshape(-1), place) for place in places])
        seconds = (perf_counter() - begin) / count * view.size
        known = exact.reshape(-1)[places]
        scale = max(np.abs(known).max(), np.abs(slopes).max(), LEAST)
        error = float(np.abs(known - slopes).max() / scale)
        return GradientRow(".".join(name), volume(view.shape), count, error, backprop, seconds)

    def _slope(self, flat: np.ndarray, place: int) -> float:
        """(E(w + h) - E(w - h)) / 2h for one parameter."""
        kept = flat[place]
        flat[place] = kept + STEP
        above = self._loss()
        flat[place] = kept - STEP
        below = self._loss()
        flat[place] = kept
        return (above - below) / (2 * STEP)
