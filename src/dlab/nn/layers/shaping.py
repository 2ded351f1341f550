"""Flatten and dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from dlab.layout import Shape, volume
from dlab.nn.layer import Layer, Ratio
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Call
    from dlab.nn.stage import Stage


@LAYERS.register("flatten")
@dataclass(frozen=True)
class Flatten(Layer):
    """An image as one vector, channel by channel, row by row; shapes: (C, H, W) -> (C H W,); source: L3."""

    def output_shape(self, shape: Shape) -> Shape:
        return (volume(shape),)


@LAYERS.register("dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """Zeroes each number with probability `ratio` in training, with its own mask per sample and batch.

    mode lecture:  training y = x m,              inference y = (1 - ratio) x
    mode inverted: training y = x m / (1 - ratio), inference y = x
    shapes: unchanged
    source: L0, L1, L3, L4 (erratum E12)
    """

    random: ClassVar[bool] = True

    ratio: Ratio = 0.5
    mode: Literal["lecture", "inverted"] = "lecture"

    def forward(self, stage: Stage) -> list[Call]:
        x, y = stage.pair(stage.x, stage.y)
        if stage.training:
            return [stage.ops.dropout.apply(x, y, stage.key, self.ratio, self._scale())]
        return [stage.ops.dropout.scale_by(x, y, 1 - self.ratio if self.mode == "lecture" else 1.0)]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        dy, dx = stage.pair(stage.dy, stage.dx)
        return [stage.ops.dropout.apply(dy, dx, stage.key, self.ratio, self._scale())]

    def _scale(self) -> float:
        return 1.0 if self.mode == "lecture" else 1 / (1 - self.ratio)
