"""Local response normalisation.  The formula and its gradient are in `kernels.lrn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlab.layout import Shape
from dlab.nn.layer import Count, Layer, Positive, image
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Call
    from dlab.nn.stage import Stage


@LAYERS.register("lrn")
@dataclass(frozen=True)
class LocalResponseNormalisation(Layer):
    """Near channels hold each other down: y[c] = x[c] / (k + alpha sum_d x[d]^2)^beta, |d - c| <= n / 2, at each pixel.

    alpha multiplies the sum, as in the paper; where a library divides it by n, its alpha 5e-4 with n = 5 is 1e-4 here.
    shapes: unchanged; images only
    source: Krizhevsky, Sutskever, Hinton 2012 (AlexNet), section 3.3; the lectures leave it out (erratum E06)
    """

    n: Count = 5
    k: Positive = 2.0
    alpha: Positive = 1e-4
    beta: Positive = 0.75

    def output_shape(self, shape: Shape) -> Shape:
        return image(shape, self.type_name)

    def forward(self, stage: Stage) -> list[Call]:
        options = self.n, self.k, self.alpha, self.beta
        return [stage.ops.lrn.forward(stage.x.view(), stage.y.view(), *options)]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        images = stage.x.view(), stage.dy.view(), stage.dx.view()
        return [stage.ops.lrn.backward(*images, self.n, self.k, self.alpha, self.beta)]
