"""Pooling over windows and over whole images.  The formulas are in `kernels.pooling`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlab.errors import ShapeError
from dlab.layout import Shape, volume, window_count
from dlab.nn.layer import Count, Layer, Margin, Window, image
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Buffer, Call
    from dlab.nn.stage import Stage

Sizes = tuple[tuple[int, int], tuple[int, int], int]


class Windowed(Layer):
    """A layer that makes one number of each window; `Maximum`, `Average` and `L2` say which, a subclass where."""

    def sizes(self, shape: Shape) -> Sizes:
        """Height and width of the window, its steps down and to the right, and the padding."""
        raise NotImplementedError

    def images(self, stage: Stage, buffer: Buffer) -> np.ndarray:
        """The input, the output or a gradient as the kernels see it."""
        return buffer.image()


class Maximum(Windowed):
    """The largest value of each window; its gradient goes to the first such place."""

    def forward(self, stage: Stage) -> list[Call]:
        x, y = self.images(stage, stage.x), self.images(stage, stage.y)
        stage.code = stage.ops.zeros(y.shape, np.int32)
        return [stage.ops.pooling.max_forward(x, y, stage.code, *self.sizes(stage.node.input))]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        dy, dx = self.images(stage, stage.dy), self.images(stage, stage.dx)
        return [stage.ops.pooling.max_backward(dy, stage.code, dx, *self.sizes(stage.node.input))]


class Average(Windowed):
    """The mean of each window; every place receives an equal share of the gradient."""

    def forward(self, stage: Stage) -> list[Call]:
        x, y = self.images(stage, stage.x), self.images(stage, stage.y)
        return [stage.ops.pooling.average_forward(x, y, *self.sizes(stage.node.input))]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        dy, dx = self.images(stage, stage.dy), self.images(stage, stage.dx)
        return [stage.ops.pooling.average_backward(dy, dx, *self.sizes(stage.node.input))]


class L2(Windowed):
    """The length of each window; every place receives gradient * x / y, 0 where y = 0."""

    def forward(self, stage: Stage) -> list[Call]:
        x, y = self.images(stage, stage.x), self.images(stage, stage.y)
        return [stage.ops.pooling.l2_forward(x, y, *self.sizes(stage.node.input))]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        dy, x, y, dx = (self.images(stage, buffer) for buffer in (stage.dy, stage.x, stage.y, stage.dx))
        return [stage.ops.pooling.l2_backward(dy, x, y, dx, *self.sizes(stage.node.input))]


@dataclass(frozen=True)
class Pooling(Windowed):
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

    def sizes(self, shape: Shape) -> Sizes:
        return (self.kernel, self.kernel), (self.step(), self.step()), self.pad


@dataclass(frozen=True)
class GlobalPooling(Windowed):
    """One window over the whole of each channel, in place of flatten; shapes: (C, H, W) -> (C,)."""

    def output_shape(self, shape: Shape) -> Shape:
        return image(shape, self.type_name)[:1]

    def sizes(self, shape: Shape) -> Sizes:
        _, height, width = image(shape, self.type_name)
        return (height, width), (1, 1), 0


@LAYERS.register("maxpool")
@dataclass(frozen=True)
class MaxPooling(Maximum, Pooling):
    """The largest value of each window; its gradient goes to the first such pixel.

    shapes: as Pooling; padding counts as minus infinity
    source: L0, L1, L4 (T16, T17)
    """


@LAYERS.register("avgpool")
@dataclass(frozen=True)
class AveragePooling(Average, Pooling):
    """The mean of each window, sum / M^2; every pixel receives gradient / M^2.

    shapes: as Pooling; padding counts as zeros, the divisor stays M^2
    source: L1, L4 (T16, T17)
    """


@LAYERS.register("l2pool")
@dataclass(frozen=True)
class L2Pooling(L2, Pooling):
    """The length of each window, y = sqrt(sum x^2); every pixel receives gradient * x / y, 0 where y = 0.

    shapes: as Pooling; padding counts as zeros
    source: L4 (T16)
    """

    def multiply_adds(self, shape: Shape) -> int:
        return volume(self.output_shape(shape)) * self.kernel**2


@LAYERS.register("global_maxpool")
@dataclass(frozen=True)
class GlobalMaxPooling(Maximum, GlobalPooling):
    """The largest value of each channel; its gradient goes to the first such pixel; shapes: (C, H, W) -> (C,).

    source: L3 (T16)
    """


@LAYERS.register("global_avgpool")
@dataclass(frozen=True)
class GlobalAveragePooling(Average, GlobalPooling):
    """The mean of each channel; every pixel receives gradient / (H W); shapes: (C, H, W) -> (C,).

    source: L3 (T16)
    """
