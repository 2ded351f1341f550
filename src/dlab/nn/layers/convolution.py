"""The convolution layer, and what it shares with others whose filters look at windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlab.errors import ShapeError
from dlab.layout import Shape, volume, window_count
from dlab.nn.layer import Count, Layer, Pad, Parameter, Window, image, same_padding
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Buffer, Call
    from dlab.nn.stage import Stage

Arrays = Mapping[str, "np.ndarray | None"]


@dataclass(frozen=True)
class Convolutional(Layer):
    """K filters that look at windows of an image, F pixels wide, S apart, with P zeros around the image."""

    filters: Count
    kernel: Count
    stride: Count = 1
    pad: Pad = 0
    bias: bool = True

    def padding(self) -> int:
        """Zeros around the input as a number."""
        return same_padding(self.kernel, self.stride) if self.pad == "same" else self.pad

    def output_shape(self, shape: Shape) -> Shape:
        _, height, width = image(shape, self.type_name)
        pad = self.padding()
        if self.kernel > min(height, width) + 2 * pad:
            raise ShapeError(f"kernel {self.kernel} does not fit the {height}x{width} input (padding {pad})", "kernel")
        return (self.filters, *(window_count(size, self.kernel, self.stride, pad) for size in (height, width)))

    def multiply_adds(self, shape: Shape) -> int:
        return volume(self.output_shape(shape)) * shape[0] * self.kernel**2

    def window(self, shape: Shape) -> Window:
        return Window(self.kernel, self.stride, self.padding())

    def margin(self) -> int:
        return self.padding()


@LAYERS.register("conv")
@dataclass(frozen=True)
class Convolution(Convolutional):
    """Shared weights slide over the image: y[k,i,j] = b[k] + sum_cpq w[k,c,p,q] x[c, i S + p, j S + q].

    With G groups, K / G filters see C / G channels each: those of the g-th part of K the g-th part of C, and no others;
    G = C is a depthwise convolution.
    shapes: (C, H, W) -> (K, (H + 2P - F) // S + 1, (W + 2P - F) // S + 1); w [K, C / G, F, F], b [K]
    source: L0, L1; cross-correlation, one bias per feature map (errata E16, E17, E20); groups: L4 (AlexNet)
    """

    groups: Count = 1

    def output_shape(self, shape: Shape) -> Shape:
        made = super().output_shape(shape)
        for count, what in ((shape[0], "channels"), (self.filters, "filters")):
            if count % self.groups:
                raise ShapeError(f"{count} {what} cannot be cut into {self.groups} equal groups", "groups")
        return made

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        channels, area = shape[0] // self.groups, self.kernel**2
        fans = channels * area, self.filters // self.groups * area
        found = {"weight": Parameter((self.filters, channels, self.kernel, self.kernel), *fans)}
        return found | ({"bias": Parameter((self.filters,), *fans, weight=False)} if self.bias else {})

    def multiply_adds(self, shape: Shape) -> int:
        return super().multiply_adds(shape) // self.groups

    def gradient_margin(self) -> int:
        """Enough for the data gradient, which slides the turned window over dy from outside to outside."""
        return -(-self.kernel // self.stride) - (self.stride == 1)

    def forward(self, stage: Stage) -> list[Call]:
        stage.code = stage.ops.zeros(stage.y.view().shape, np.uint8) if stage.pooled else None
        images = {"x": stage.x.view(self.padding()), "y": stage.y.view(), "code": stage.code}
        filters = {"w": stage.parameters["weight"], "b": stage.parameters.get("bias")}
        return self._each_group(stage.ops.convolution.forward, images, filters, stride=self.stride, slope=stage.slope)

    def backward(self, stage: Stage) -> list[Call]:
        ops, x, dy = stage.ops.convolution, stage.x.view(self.padding()), stage.dy.view()
        filters = {"dw": stage.gradients["weight"], "db": stage.gradients.get("bias")}
        options = {"stride": self.stride, "samples": stage.batch}
        full, calls = self._full_gradient(stage)
        if stage.pooled:
            spread = full.view() if stage.dx else None
            images = {"x": x, "dy": dy, "y": stage.y.view(), "code": stage.code, "spread": spread}
            calls += self._each_group(ops.pooled_weight_gradient, images, filters, slope=stage.slope, **options)
        else:
            calls += self._each_group(ops.weight_gradient, {"x": x, "dy": full.view()}, filters, **options)
        return calls + (self._data_gradient(stage, full, stage.dx) if stage.dx else [])

    def _each_group(self, bind: Callable[..., Call], images: Arrays, filters: Arrays, **options: float) -> list[Call]:
        """The call for each group: its channels of the images, its share of the filters and biases."""
        parts = {name: _parts(array, self.groups, 1) for name, array in images.items()}
        parts |= {name: _parts(array, self.groups, 0) for name, array in filters.items()}
        return [bind(**{name: own[g] for name, own in parts.items()}, **options) for g in range(self.groups)]

    def _full_gradient(self, stage: Stage) -> tuple[Buffer, list[Call]]:
        """The gradient of the sums, with the margin that the data gradient wants, and the calls that make it."""
        if stage.dx is None or (not stage.pooled and stage.dy.margin == self.gradient_margin()):
            return stage.dy, [] if stage.pooled else stage.rectified()
        full = stage.ops.buffer(stage.node.output, stage.batch, self.gradient_margin())
        if not stage.pooled:
            return full, [stage.rectified_into(full)]
        dy, y = stage.dy.view(), stage.y.view()
        return full, [stage.ops.pooling.unpool(dy, y, stage.code, full.view(), stage.slope)]

    def _data_gradient(self, stage: Stage, full: Buffer, dx: Buffer) -> list[Call]:
        margin, gate = self.gradient_margin(), stage.x.view() if stage.gate else None
        images, filters = {"dy": full.view(margin), "dx": dx.view(), "gate": gate}, {"w": stage.parameters["weight"]}
        options = {"stride": self.stride, "pad": self.padding(), "margin": margin, "slope": stage.below}
        return self._each_group(stage.ops.convolution.data_gradient, images, filters, **options)


def _parts(array: np.ndarray | None, groups: int, axis: int) -> Sequence[np.ndarray | None]:
    """Equal parts along an axis, as views; as many None for no array."""
    return [None] * groups if array is None else np.split(array, groups, axis)
