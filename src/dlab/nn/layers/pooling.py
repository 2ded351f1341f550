"""Max and average pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlab.errors import ShapeError
from dlab.layout import Shape, window_count
from dlab.nn.layer import Count, Layer, Margin, Window, image
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Call
    from dlab.nn.stage import Stage


@dataclass(frozen=True)
class Pooling(Layer):
    """A window of `kernel` moves by `stride` (default: the kernel) over each channel by itself.

    shapes: (C, H, W) -> (C, (H + 2P - M) // S + 1, (W + 2P - M) // S + 1)
    """

    kernel: Count = 2
    stride: Count | None = None
    pad: Margin = 0

    def step(self) -> int:
        """The stride as a number."""
        return self.stride or self.kernel

    def output_shape(self, shape: Shape) -> Shape:
        channels, height, width = image(shape, self.type_name)
        if self.kernel > min(height, width) + 2 * self.pad:
            raise ShapeError(f"window {self.kernel} does not fit the {height}x{width} input", "kernel")
        if 2 * self.pad > self.kernel:
            raise ShapeError(f"padding {self.pad} is more than half the window of {self.kernel}", "pad")
        return (channels, *(window_count(size, self.kernel, self.step(), self.pad) for size in (height, width)))

    def window(self, shape: Shape) -> Window:
        return Window(self.kernel, self.step(), self.pad)

    def sizes(self) -> tuple[int, int, int]:
        """What the kernels ask for."""
        return self.kernel, self.step(), self.pad


@LAYERS.register("maxpool")
@dataclass(frozen=True)
class MaxPooling(Pooling):
    """The largest value of each window; its gradient goes to the first such pixel.

    shapes: as Pooling; padding counts as minus infinity
    source: L0, L1, L4 (T16, T17)
    """

    def forward(self, stage: Stage) -> list[Call]:
        stage.code = np.zeros(stage.y.view().shape, np.int32)
        return [stage.ops.pooling.max_forward(stage.x.view(), stage.y.view(), stage.code, *self.sizes())]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        return [stage.ops.pooling.max_backward(stage.dy.view(), stage.code, stage.dx.view(), *self.sizes())]


@LAYERS.register("avgpool")
@dataclass(frozen=True)
class AveragePooling(Pooling):
    """The mean of each window, sum / M^2; every pixel receives gradient / M^2.

    shapes: as Pooling; padding counts as zeros, the divisor stays M^2
    source: L1, L4 (T16, T17)
    """

    def forward(self, stage: Stage) -> list[Call]:
        return [stage.ops.pooling.average_forward(stage.x.view(), stage.y.view(), *self.sizes())]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        return [stage.ops.pooling.average_backward(stage.dy.view(), stage.dx.view(), *self.sizes())]
