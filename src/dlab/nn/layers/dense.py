"""The dense (affine, fully connected) layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlab.layout import Shape, volume
from dlab.nn.layer import Count, Layer, Parameter
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Call
    from dlab.nn.stage import Stage


@LAYERS.register("dense")
@dataclass(frozen=True)
class Dense(Layer):
    """Every output sees every input: y[o] = b[o] + sum_i w[o,i] x[i].

    shapes: (I,) or an image, flattened -> (units,); w [units, I], b [units]
    source: L2, L3, L4 (T25); stored as w [out, in], as in L2's first half
    """

    units: Count
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        return (self.units,)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        inputs = volume(shape)
        found = {"weight": Parameter((self.units, inputs), inputs, self.units)}
        return found | ({"bias": Parameter((self.units,), inputs, self.units, weight=False)} if self.bias else {})

    def multiply_adds(self, shape: Shape) -> int:
        return self.units * volume(shape)

    def forward(self, stage: Stage) -> list[Call]:
        w, b = stage.parameters["weight"], stage.parameters.get("bias")
        return [stage.ops.dense.forward(stage.x.flat(), w, b, stage.y.flat(), stage.slope)]

    def backward(self, stage: Stage) -> list[Call]:
        x, dy, ops = stage.x.flat(), stage.dy.flat(), stage.ops.dense
        dw, db = stage.gradients["weight"], stage.gradients.get("bias")
        calls = [*stage.rectified(), ops.weight_gradient(x, dy, dw, db, stage.batch)]
        if stage.dx:
            gate = x if stage.gate else None
            calls.append(ops.data_gradient(dy, stage.parameters["weight"], stage.dx.flat(), gate, stage.below))
        return calls
