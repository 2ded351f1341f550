"""The convolution layer."""

from __future__ import annotations

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

    def margin(self) -> int:
        return self.padding()

    def gradient_margin(self) -> int:
        """Enough for the data gradient, which slides the turned window over dy from outside to outside."""
        return -(-self.kernel // self.stride) - (self.stride == 1)

    def forward(self, stage: Stage) -> list[Call]:
        w, b = stage.parameters["weight"], stage.parameters.get("bias")
        stage.code = stage.ops.zeros(stage.y.view().shape, np.uint8) if stage.pooled else None
        x, y = stage.x.view(self.padding()), stage.y.view()
        return [stage.ops.convolution.forward(x, w, b, y, self.stride, stage.slope, stage.code)]

    def backward(self, stage: Stage) -> list[Call]:
        x, dy, y = stage.x.view(self.padding()), stage.dy.view(), stage.y.view()
        dw, db = stage.gradients["weight"], stage.gradients.get("bias")
        ops, rest = stage.ops.convolution, (dw, db, self.stride)
        if stage.dx is None and stage.pooled:
            return [ops.pooled_weight_gradient(x, dy, y, stage.code, *rest, stage.slope, stage.batch)]
        full, calls = self._full_gradient(stage)
        calls.append(ops.weight_gradient(x, full.view(), *rest, stage.batch))
        return calls + ([self._data_gradient(stage, full, stage.dx)] if stage.dx else [])

    def _full_gradient(self, stage: Stage) -> tuple[Buffer, list[Call]]:
        """The gradient of the sums, with the margin that the data gradient wants, and the calls that make it."""
        if not stage.pooled and (stage.dx is None or stage.dy.margin == self.gradient_margin()):
            return stage.dy, stage.rectified()
        full = stage.ops.buffer(stage.node.output, stage.batch, self.gradient_margin())
        if not stage.pooled:
            return full, [stage.rectified_into(full)]
        dy, y = stage.dy.view(), stage.y.view()
        return full, [stage.ops.pooling.unpool(dy, y, stage.code, full.view(), stage.slope)]

    def _data_gradient(self, stage: Stage, full: Buffer, dx: Buffer) -> Call:
        margin = self.gradient_margin()
        gate = stage.x.view() if stage.gate else None
        arguments = stage.parameters["weight"], dx.view(), self.stride, self.padding(), margin, gate, stage.below
        return stage.ops.convolution.data_gradient(full.view(margin), *arguments)
