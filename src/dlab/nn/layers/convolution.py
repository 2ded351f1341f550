"""The convolution layer."""

from dataclasses import dataclass

from dlab.errors import ShapeError
from dlab.layout import Shape, volume, window_count
from dlab.nn.layer import Count, Layer, Pad, Parameter, Window, image, same_padding
from dlab.registry import LAYERS


@LAYERS.register("conv")
@dataclass(frozen=True)
class Convolution(Layer):
    """Shared weights slide over the image: y[k,i,j] = b[k] + sum_cpq w[k,c,p,q] x[c, i S + p, j S + q].

    shapes: (C, H, W) -> (K, (H + 2P - F) // S + 1, (W + 2P - F) // S + 1); w [K, C, F, F], b [K]
    source: L0, L1; cross-correlation, one bias per feature map (errata E16, E17, E20)
    """

    filters: Count
    kernel: Count
    stride: Count = 1
    pad: Pad = 0
    bias: bool = True

    def padding(self) -> int:
        """Zeros around the input as a number."""
        return same_padding(self.kernel, self.stride) if self.pad == "same" else self.pad

    def output_shape(self, shape: Shape) -> Shape:
        _, height, width = image(shape, "conv")
        pad = self.padding()
        if self.kernel > min(height, width) + 2 * pad:
            raise ShapeError(f"kernel {self.kernel} does not fit the {height}x{width} input (padding {pad})", "kernel")
        return (self.filters, *(window_count(size, self.kernel, self.stride, pad) for size in (height, width)))

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        channels, area = shape[0], self.kernel**2
        fans = channels * area, self.filters * area
        found = {"weight": Parameter((self.filters, channels, self.kernel, self.kernel), *fans)}
        return found | ({"bias": Parameter((self.filters,), *fans, weight=False)} if self.bias else {})

    def multiply_adds(self, shape: Shape) -> int:
        return volume(self.output_shape(shape)) * shape[0] * self.kernel**2

    def window(self, shape: Shape) -> Window:
        return Window(self.kernel, self.stride, self.padding())
