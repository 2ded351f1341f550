"""dlab's optimizers as the trainer calls them: the step's coefficients, the loss for those that hear it, one pass."""

from collections.abc import Callable
from itertools import count

import numpy as np

import dlab
from dlab import kernels
from dlab.registry import OPTIMIZERS
from peers.arrays import start

VERSION = dlab.__version__


def update(name: str, size: int, variant: str, threads: int) -> Callable[[], None]:
    """A call that moves `size` parameters by one step."""
    kernels.set_threads(threads)
    ops, optimizer, numbers = kernels.backend("cpu"), OPTIMIZERS[name](), count(1)
    arrays = w, g, *states = [ops.zeros((size,)) for _ in range(2 + optimizer.states)]
    for array, values in zip(arrays, (*start(size), *optimizer.start()), strict=True):
        array[:] = values
    coefficients, memory = ops.zeros((len(optimizer.coefficients(1)),)), np.array(optimizer.memory)
    calls = ops.bracket([ops.update.apply(optimizer.rule, w, g, states, coefficients, 0, 0.0, 0.0, 0.0, 3.0)])

    def step() -> None:
        coefficients[:] = optimizer.coefficients(next(numbers))
        optimizer.feedback(1.0, memory, coefficients)
        for call in calls:
            call()

    return step
