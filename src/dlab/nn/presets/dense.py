"""The perceptron and the multi-layer perceptron."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dlab.layout import Shape
from dlab.nn.layer import Count, Layer, Ratio
from dlab.nn.layers.dense import Dense, DropConnect
from dlab.nn.layers.maxout import Maxout
from dlab.nn.layers.shaping import Dropout, Flatten
from dlab.nn.preset import Preset
from dlab.registry import LAYERS, PRESETS

Squash = Literal["sigmoid", "tanh", "relu", "leaky_relu", "identity"]


@PRESETS.register("perceptron")
@dataclass(frozen=True)
class Perceptron(Preset):
    """One affine map and a unit on top: n inputs give n + 1 parameters an output; source: L0, L4."""

    activation: Literal[Squash, "step"] = "sigmoid"

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        return (Flatten(), Dense(outputs), LAYERS[self.activation]())


@PRESETS.register("mlp")
@dataclass(frozen=True)
class MultiLayerPerceptron(Preset):
    """Dense layers with an activation between them; 784-40-20-10 has 32,430 parameters; source: L2, L3, L4.

    activation maxout: each hidden unit is the larger of two sums, so its dense layer has 2 sums for each of `hidden`
    normalize: batch or layer normalisation between each hidden dense layer and its activation: 2 parameters more for
    each of its sums (L3, X3)
    dropout: the share of each hidden layer's outputs that is dropped (L3, X6); dropconnect: of its weights (L4)
    """

    hidden: tuple[Count, ...] = (100,)
    activation: Literal[Squash, "maxout"] = "relu"
    normalize: Literal["batch", "layer"] | None = None
    bias: bool = True
    dropout: Ratio = 0.0
    dropout_mode: Literal["lecture", "inverted"] = "lecture"
    dropconnect: Ratio = 0.0

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        hidden = [layer for units in self.hidden for layer in self._hidden(units)]
        return (Flatten(), *hidden, Dense(outputs, self.bias))

    def _hidden(self, units: int) -> Iterator[Layer]:
        """One hidden layer with what stands behind it."""
        activation = LAYERS[self.activation]()
        sums = units * (activation.k if isinstance(activation, Maxout) else 1)
        yield DropConnect(sums, self.bias, self.dropconnect) if self.dropconnect else Dense(sums, self.bias)
        if self.normalize:
            yield LAYERS[f"{self.normalize}norm"]()
        yield activation
        if self.dropout:
            yield Dropout(self.dropout, self.dropout_mode)
