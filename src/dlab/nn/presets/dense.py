"""The perceptron and the multi-layer perceptron."""

from dataclasses import dataclass
from typing import Literal

from dlab.layout import Shape
from dlab.nn.layer import Count, Layer
from dlab.nn.layers.dense import Dense
from dlab.nn.layers.maxout import Maxout
from dlab.nn.layers.shaping import Flatten
from dlab.registry import LAYERS, PRESETS

Squash = Literal["sigmoid", "tanh", "relu", "leaky_relu", "identity"]


@PRESETS.register("perceptron")
@dataclass(frozen=True)
class Perceptron:
    """One affine map and a unit on top: n inputs give n + 1 parameters an output; source: L0, L4."""

    activation: Literal[Squash, "step"] = "sigmoid"

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        return (Flatten(), Dense(outputs), LAYERS[self.activation]())


@PRESETS.register("mlp")
@dataclass(frozen=True)
class MultiLayerPerceptron:
    """Dense layers with an activation between them; 784-40-20-10 has 32,430 parameters; source: L2, L3, L4.

    activation maxout: each hidden unit is the larger of two sums, so its dense layer has 2 sums for each of `hidden`
    """

    hidden: tuple[Count, ...] = (100,)
    activation: Literal[Squash, "maxout"] = "relu"
    bias: bool = True

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        found: list[Layer] = [Flatten()]
        activation = LAYERS[self.activation]()
        sums = activation.k if isinstance(activation, Maxout) else 1
        for units in self.hidden:
            found += [Dense(sums * units, self.bias), activation]
        return (*found, Dense(outputs, self.bias))
