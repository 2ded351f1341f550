"""Flatten and dropout."""

from dataclasses import dataclass
from typing import Literal

from dlab.layout import Shape, volume
from dlab.nn.layer import Layer, Ratio, Window
from dlab.registry import LAYERS


@LAYERS.register("flatten")
@dataclass(frozen=True)
class Flatten(Layer):
    """An image as one vector, channel by channel, row by row; shapes: (C, H, W) -> (C H W,); source: L3."""

    def output_shape(self, shape: Shape) -> Shape:
        return (volume(shape),)

    def window(self, shape: Shape) -> Window:
        return Window(kernel=shape[1]) if len(shape) == 3 else Window()


@LAYERS.register("dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """Zeroes each number with probability `ratio` in training, with its own mask per sample and batch.

    mode lecture:  training y = x m,              inference y = (1 - ratio) x
    mode inverted: training y = x m / (1 - ratio), inference y = x
    shapes: unchanged
    source: L0, L1, L3, L4 (erratum E12)
    """

    ratio: Ratio = 0.5
    mode: Literal["lecture", "inverted"] = "lecture"
