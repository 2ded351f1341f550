"""A network: layers with names, and all their parameters in one flat array, their running statistics in another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlab.errors import ShapeError
from dlab.layout import Shape, volume
from dlab.nn.layer import Layer, Parameter, Statistic

WEIGHTS = 1  # the purpose "starting weights" of a random stream; the trainer's purposes are others


@dataclass(frozen=True)
class Node:
    """A layer in its place: its name, the shapes around it, and its parameters."""

    name: str
    layer: Layer
    index: int
    input: Shape
    output: Shape
    parameters: dict[str, Parameter]


class LayerFault(ValueError):
    """A layer does not fit: which one (counted from 0), which option, why."""

    def __init__(self, index: int, field: str, message: str):
        super().__init__(message)
        self.index = index
        self.field = field


def place(layers: Sequence[Layer], shape: Shape) -> tuple[Node, ...]:
    """Walk the shapes through the layers; a LayerFault says which one does not fit."""
    nodes: list[Node] = []
    counts: dict[str, int] = {}
    for index, layer in enumerate(layers):
        try:
            output = layer.output_shape(shape)
        except ShapeError as error:
            before = f"the output of layer {index}" if index else "the data"
            raise LayerFault(index, error.field, f"{error}; its input is {before}") from None
        kind = layer.type_name
        counts[kind] = counts.get(kind, 0) + 1
        nodes.append(Node(f"{kind}{counts[kind]}", layer, index, shape, output, dict(layer.parameters(shape))))
        shape = output
    return tuple(nodes)


Name = tuple[str, str]  # of a node and of one of its arrays


def cut(flat: np.ndarray, entries: Mapping[Name, Parameter] | Mapping[Name, Statistic]) -> dict[Name, np.ndarray]:
    """Named views of a flat array, in storage order."""
    found, start = {}, 0
    for name, entry in entries.items():
        stop = start + volume(entry.shape)
        found[name] = flat[start:stop].reshape(entry.shape)
        start = stop
    return found


class Network:
    """Layers and what lies in their flat arrays: all weights first, then all biases; running statistics in another.

    `views(array)` cuts an array of `size` (parameters, gradients, optimizer state) into named pieces,
    `statistics_views(array)` one of `statistics_size`; `random` are the indices of the layers that want random numbers.
    """

    def __init__(self, layers: Sequence[Layer], shape: Shape):
        self.shape = shape
        self.nodes = place(layers, shape)
        entries = [(node, key, p) for node in self.nodes for key, p in node.parameters.items()]
        entries.sort(key=lambda entry: not entry[2].weight)
        self.entries = {(node.name, key): p for node, key, p in entries}
        self.weights = sum(volume(p.shape) for p in self.entries.values() if p.weight)
        self.size = sum(volume(p.shape) for p in self.entries.values())
        self.statistics = {(n.name, key): s for n in self.nodes for key, s in n.layer.statistics(n.input).items()}
        self.statistics_size = sum(volume(s.shape) for s in self.statistics.values())
        self.random = tuple(node.index for node in self.nodes if node.layer.random)
        self.output = self.nodes[-1].output

    def views(self, flat: np.ndarray) -> dict[Name, np.ndarray]:
        """The parameters in a flat array by name."""
        return cut(flat, self.entries)

    def statistics_views(self, flat: np.ndarray) -> dict[Name, np.ndarray]:
        """The running statistics in a flat array by name."""
        return cut(flat, self.statistics)

    def start_statistics(self, flat: np.ndarray) -> None:
        """Fill `flat` with what the running statistics start from."""
        for name, view in self.statistics_views(flat).items():
            view[...] = self.statistics[name].start

    def start(self, flat: np.ndarray, init: Any, seed: int) -> None:
        """Fill `flat` with starting weights scale * N(0, 1) from seed and layer; others get their own start.

        Layers are counted by their weights, so that one without any, such as an activation, changes no other's start.
        """
        weighty = [name for (name, _), parameter in self.entries.items() if parameter.weight]
        order = {name: number for number, name in enumerate(dict.fromkeys(weighty))}
        for (name, key), view in self.views(flat).items():
            parameter = self.entries[name, key]
            view[...] = parameter.start
            if parameter.weight:
                stream = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, WEIGHTS, order[name]))))
                for unit in view.reshape(len(view), -1):  # one by one: float64 takes twice the room
                    unit[:] = stream.standard_normal(unit.size) * init.scale(parameter.fan_in, parameter.fan_out)

    def multiply_adds(self) -> int:
        """Of one sample's forward pass."""
        return sum(node.layer.multiply_adds(node.input) for node in self.nodes)

    def step_multiply_adds(self) -> int:
        """Of one sample's training step: forward and weight gradient, and the data gradient past the first layer."""
        costs = [node.layer.multiply_adds(node.input) for node in self.nodes if node.parameters]
        return 3 * sum(costs) - (costs[0] if costs else 0)
