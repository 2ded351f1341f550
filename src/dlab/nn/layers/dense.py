"""The dense (affine, fully connected) layer, with all of its weights or some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dlab.layout import Shape, volume
from dlab.nn.layer import Count, Layer, Parameter, Ratio
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
        return [self.affine(stage, stage.x.flat(), stage.parameters["weight"])]

    def backward(self, stage: Stage) -> list[Call]:
        return self.gradients(stage, stage.parameters["weight"], stage.gradients["weight"])

    def affine(self, stage: Stage, x: np.ndarray, w: np.ndarray) -> Call:
        """y = w x + b, rectified."""
        return stage.ops.dense.forward(x, w, stage.parameters.get("bias"), stage.y.flat(), stage.slope)

    def gradients(self, stage: Stage, w: np.ndarray, dw: np.ndarray) -> list[Call]:
        """dw, db and dx for the weights w."""
        x, dy, ops = stage.x.flat(), stage.dy.flat(), stage.ops.dense
        calls = [*stage.rectified(), ops.weight_gradient(x, dy, dw, stage.gradients.get("bias"), stage.batch)]
        if stage.dx:
            calls.append(ops.data_gradient(dy, w, stage.dx.flat(), x if stage.gate else None, stage.below))
        return calls


@LAYERS.register("dropconnect")
@dataclass(frozen=True)
class DropConnect(Dense):
    """A dense layer that drops each weight with probability `ratio` in training: y = (w m) x + b, m in {0, 1}.

    One mask m of w's shape per batch; dw = m (dy^T x).  Inference y = (1 - ratio) w x + b.
    shapes: as Dense
    source: L4; Wan et al. 2013, with a mask per sample there (erratum E65)
    """

    random: ClassVar[bool] = True

    ratio: Ratio = 0.5

    def forward(self, stage: Stage) -> list[Call]:
        w, x, dropout = stage.parameters["weight"], stage.x.flat(), stage.ops.dropout
        if stage.training:
            stage.kept = stage.ops.zeros(w.shape)
            return [dropout.drop_weights(w, stage.kept, stage.key, self.ratio), self.affine(stage, x, stage.kept)]
        mean = stage.ops.buffer(stage.node.input, stage.batch).flat()
        return [dropout.scale_by(x, mean, 1 - self.ratio), self.affine(stage, mean, w)]

    def backward(self, stage: Stage) -> list[Call]:
        whole, dw = stage.ops.zeros(stage.kept.shape), stage.gradients["weight"]
        masked = stage.ops.dropout.drop_weights(whole, dw, stage.key, self.ratio)
        return [*self.gradients(stage, stage.kept, whole), masked]
