"""Max and average pooling."""

from dataclasses import dataclass

from dlab.errors import ShapeError
from dlab.layout import Shape, window_count
from dlab.nn.layer import Count, Layer, Margin, Window, image
from dlab.registry import LAYERS


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


@LAYERS.register("maxpool")
@dataclass(frozen=True)
class MaxPooling(Pooling):
    """The largest value of each window; its gradient goes to the first such pixel.

    shapes: as Pooling; padding counts as minus infinity
    source: L0, L1, L4 (T16, T17)
    """


@LAYERS.register("avgpool")
@dataclass(frozen=True)
class AveragePooling(Pooling):
    """The mean of each window, sum / M^2; every pixel receives gradient / M^2.

    shapes: as Pooling; padding counts as zeros, the divisor stays M^2
    source: L1, L4 (T16, T17)
    """
