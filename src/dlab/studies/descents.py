"""Optimizers on surfaces of two parameters, and their rates along a stream of gradients: examples to look at.

The rules are those that train the networks; the learning rates are chosen so that each rule shows its character.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from dlab.optim import descent
from dlab.optim.surfaces import SURFACES
from dlab.registry import OPTIMIZERS
from dlab.results.illustrations import PathPoint, RatePoint
from dlab.training.randomness import ILLUSTRATION, stream


class Walk(NamedTuple):
    """How long the optimizers walk on a surface, and at which rates: `lr`, where `rates` has no other."""

    surface: str
    steps: int
    lr: float
    rates: dict[str, float]


RAVINE = Walk(
    "ravine", 40, 0.3, {"sgd": 0.95, "momentum": 0.1, "nag": 0.1, "adagrad": 1, "rmsprop": 0.1, "rmsprop_graves": 0.05}
)
VALLEYS = Walk("valleys", 120, 0.1, {"sgd": 0.2})
NOISE, RUNS, SEED = 1.5, 20, 4  # the deviation of what a mini-batch adds to a gradient; SEED's first run gets out

RATE = 0.01
STEEP, FLAT, STEPS = 1.0, 0.1, (500, 2500)
EVERY = 5  # a row of rates.csv


def paths(names: Iterable[str]) -> Iterator[PathPoint]:
    """The ways of the optimizers called `names` over both surfaces, and of SGD with noise over the valleys."""
    for walk in (RAVINE, VALLEYS):
        for name in names:
            yield from _points(walk, name, np.zeros((walk.steps, 2)))
    for run in range(RUNS):
        noise = stream(SEED, ILLUSTRATION, run).normal(0, NOISE, (VALLEYS.steps, 2))
        yield from _points(VALLEYS, "sgd", noise, NOISE, run)


def _points(walk: Walk, name: str, noise: np.ndarray, deviation: float = 0.0, run: int = 0) -> Iterator[PathPoint]:
    lr = walk.rates.get(name, walk.lr)
    surface = SURFACES[walk.surface]
    way = descent.path(OPTIMIZERS[name](lr=lr), surface, noise)
    for step, ((x, y), value) in enumerate(zip(way, surface.value(way), strict=True)):
        yield PathPoint(walk.surface, name, lr, deviation, run, step, x, y, value)


def rates() -> Iterator[RatePoint]:
    """What AdaGrad, RMSProp and Adam make of one rate where noisy gradients are steep first and then flat.

    Adam has no momentum here: the mean of the gradients takes no part in its rate.
    """
    random = stream(0, ILLUSTRATION)
    sizes = np.repeat([STEEP, FLAT], STEPS) * random.uniform(0.5, 1.5, sum(STEPS))
    gradients = sizes * random.choice([-1, 1], sum(STEPS))
    for name, options in {"adagrad": {}, "rmsprop": {}, "adam": {"beta1": 0.0}}.items():
        found = descent.rates(OPTIMIZERS[name](lr=RATE, **options), gradients)
        for index in range(EVERY - 1, len(gradients), EVERY):
            yield RatePoint(name, RATE, index + 1, gradients[index], found[index])
