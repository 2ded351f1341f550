"""The locally connected layer.  The formulas and gradients are in `kernels.local`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlab.layout import Shape
from dlab.nn.layer import Parameter
from dlab.nn.layers.convolution import Convolutional
from dlab.registry import LAYERS

if TYPE_CHECKING:
    import numpy as np

    from dlab.kernels import Call
    from dlab.nn.stage import Stage


@LAYERS.register("local_conv")
@dataclass(frozen=True)
class LocalConvolution(Convolutional):
    """Every position has weights of its own: y[k,i,j] = b[i,j,k] + sum_cpq w[i,j,c,p,q,k] x[c, i S + p, j S + q].

    As many multiply-adds as a convolution, but 449,280 parameters for 780 (30 filters of 5x5 on a 28x28 image): for
    images in which a place always means the same, such as aligned faces.
    shapes: (C, H, W) -> (K, OH, OW), sizes as conv; w [OH, OW, C, F, F, K], b [OH, OW, K]
    source: L4; Taigman et al. 2014 (DeepFace)
    """

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        (_, *places), area = self.output_shape(shape), self.kernel**2
        fans = shape[0] * area, self.filters * area
        found = {"weight": Parameter((*places, shape[0], self.kernel, self.kernel, self.filters), *fans)}
        return found | ({"bias": Parameter((*places, self.filters), *fans, weight=False)} if self.bias else {})

    def by_unit(self, weights: np.ndarray) -> np.ndarray:
        """A row for each output."""
        OH, OW, *_, K = weights.shape
        return weights.reshape(OH * OW, -1, K).swapaxes(1, 2).reshape(OH * OW * K, -1)

    def forward(self, stage: Stage) -> list[Call]:
        w, b, x = stage.parameters["weight"], stage.parameters.get("bias"), stage.x.view(self.padding())
        return [stage.ops.local.forward(x, w, b, stage.y.view(), self.stride, stage.slope)]

    def backward(self, stage: Stage) -> list[Call]:
        x, dy, ops = stage.x.view(self.padding()), stage.dy.view(), stage.ops.local
        dw, db = stage.gradients["weight"], stage.gradients.get("bias")
        calls = [*stage.rectified(), ops.weight_gradient(x, dy, dw, db, self.stride, stage.batch)]
        if stage.dx:
            gate = stage.x.view() if stage.gate else None
            rest = stage.dx.view(), self.stride, self.padding(), gate, stage.below
            calls.append(ops.data_gradient(dy, stage.parameters["weight"], *rest))
        return calls
