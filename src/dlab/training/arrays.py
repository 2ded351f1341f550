"""The arrays that training changes: parameters and running statistics, their gradients, the optimizer's states."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlab.kernels import Backend
from dlab.nn.network import Network
from dlab.training.evaluation import finite

State = dict[str, np.ndarray]


class Arrays:
    """A network's arrays at their start; each kind is one flat array, of which layers have named views.

    memory: the few numbers that an optimizer with feedback keeps besides
    """

    def __init__(self, network: Network, ops: Backend, spec: Any):
        self.network, self.ops = network, ops
        self.parameters, self.gradients = ops.zeros((network.size,)), ops.zeros((network.size,))
        network.start(self.parameters, spec.model.init, spec.train.seed)
        self.statistics = ops.zeros((network.statistics_size,))
        network.start_statistics(self.statistics)
        self.states = [ops.zeros((network.size,)) for _ in spec.optimizer.start()]
        for array, value in zip(self.states, spec.optimizer.start(), strict=True):
            array[...] = value
        self.memory = np.array(spec.optimizer.memory)

    def finite(self) -> bool:
        """Whether all weights and running statistics are."""
        return all(finite(self.ops.fetch(array)) for array in (self.parameters, self.statistics))

    def copies(self) -> State:
        """What a checkpoint holds of them, by name."""
        for array in self._kept():
            self.ops.fetch(array)
        return {name: array.copy() for name, array in self.named().items()}

    def put(self, state: Mapping[str, np.ndarray]) -> None:
        """Take the values of `copies()`."""
        for name, array in self.named().items():
            array[...] = state[name]
        for array in self._kept():
            self.ops.send(array)

    def _kept(self) -> list[np.ndarray]:
        """The flat arrays that a run goes on with."""
        return [self.parameters, self.statistics, *self.states]

    def named(self) -> State:
        """Views as a checkpoint names them."""
        views = self.network.views(self.parameters) | self.network.statistics_views(self.statistics)
        named = {f"{name}.{kind}": view for (name, kind), view in views.items()}
        states = {f"optimizer.{number}": array for number, array in enumerate(self.states)}
        return named | states | ({"optimizer.memory": self.memory} if len(self.memory) else {})
