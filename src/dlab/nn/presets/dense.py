"""The perceptron and the multi-layer perceptron."""

from dataclasses import dataclass
from typing import Literal

from dlab.layout import Shape
from dlab.nn.layer import Count, Layer
from dlab.nn.layers.dense import Dense
from dlab.nn.layers.shaping import Flatten
from dlab.registry import LAYERS, PRESETS

Squash = Literal["sigmoid", "tanh", "relu", "leaky_relu", "identity"]


@PRESETS.register("perceptron")
@dataclass(frozen=True)
class Perceptron:
    """One affine map and a unit on top: n inputs give n + 1 parameters an output; source: L0, L4."""

    activation: Squash | Literal["step"] = "sigmoid"

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        return (Flatten(), Dense(outputs), LAYERS[self.activation]())


@PRESETS.register("mlp")
@dataclass(frozen=True)
class MultiLayerPerceptron:
    """Dense layers with an activation between them; 784-40-20-10 has 32,430 parameters; source: L2, L3, L4.

    normalize: batch or layer normalisation between each hidden dense layer and its activation: 2 parameters more for
    each hidden unit (L3, X3)
    """

    hidden: tuple[Count, ...] = (100,)
    activation: Squash = "relu"
    normalize: Literal["batch", "layer"] | None = None

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        between = [LAYERS[self.activation]()]
        if self.normalize:
            between.insert(0, LAYERS[f"{self.normalize}norm"]())
        hidden = [layer for units in self.hidden for layer in (Dense(units), *between)]
        return (Flatten(), *hidden, Dense(outputs))
