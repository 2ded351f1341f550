"""Batch and layer normalisation.  The formulas and gradients are in `kernels.normalisation`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlab.layout import Shape
from dlab.nn.layer import Layer, Parameter, Positive, Ratio, Statistic
from dlab.registry import LAYERS

if TYPE_CHECKING:
    import numpy as np

    from dlab.kernels import Buffer, Call
    from dlab.nn.stage import Stage


@dataclass(frozen=True)
class Normalisation(Layer):
    """y = gamma (x - mean) / sqrt(variance + eps) + beta; gamma starts at 1, beta at 0, and neither is penalised."""

    eps: Positive = 1e-5

    def scale_shape(self, shape: Shape) -> Shape:
        """Shape of gamma and of beta."""
        raise NotImplementedError

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        own = self.scale_shape(shape)
        return {"gamma": Parameter(own, weight=False, start=1.0), "beta": Parameter(own, weight=False)}


def _scales(arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return arrays["gamma"], arrays["beta"]


def _shaped(stage: Stage, *buffers: Buffer) -> list[np.ndarray]:
    """Buffers in the form of the layer's input: as images or as vectors."""
    return [buffer.view() if len(stage.node.input) == 3 else buffer.flat() for buffer in buffers]


def _gradient_arguments(stage: Stage) -> list[Any]:
    """x, dy, gamma, beta, moments, dx, dgamma, dbeta, slope; the first layer's dx is a buffer that nobody reads."""
    dx = stage.dx or stage.ops.buffer(stage.node.input, stage.batch)
    x, dy, dx = _shaped(stage, stage.x, stage.dy, dx)
    return [x, dy, *_scales(stage.parameters), stage.moments, dx, *_scales(stage.gradients), stage.due]


@LAYERS.register("batchnorm")
@dataclass(frozen=True)
class BatchNormalisation(Normalisation):
    """Mean and variance over the batch: of each channel of an image (n, i, j), of each number of a vector (n).

    training:  the batch's own mean and biased variance;  running <- momentum running + (1 - momentum) batch
    inference: the running mean and variance, which start at 0 and 1
    shapes: unchanged; gamma, beta [C] or [I]
    source: L0, L1, L3 (T27, erratum E41); it may stand before or after the activation (L3)
    """

    momentum: Ratio = 0.9

    def scale_shape(self, shape: Shape) -> Shape:
        return shape[:1]

    def statistics(self, shape: Shape) -> dict[str, Statistic]:
        return {"mean": Statistic(shape[:1], 0.0), "variance": Statistic(shape[:1], 1.0)}

    def forward(self, stage: Stage) -> list[Call]:
        x, y = _shaped(stage, stage.x, stage.y)
        gamma, beta = _scales(stage.parameters)
        running, ops = (stage.statistics["mean"], stage.statistics["variance"]), stage.ops.normalisation
        if not stage.training:
            return [ops.batch_inference(x, gamma, beta, y, running, self.eps, stage.slope)]
        stage.moments = stage.ops.zeros(gamma.shape), stage.ops.zeros(gamma.shape)
        rest = stage.moments, running, self.momentum, self.eps, stage.slope, stage.batch
        return [ops.batch_forward(x, gamma, beta, y, *rest)]

    def backward(self, stage: Stage) -> list[Call]:
        return [stage.ops.normalisation.batch_backward(*_gradient_arguments(stage), stage.batch)]


@LAYERS.register("layernorm")
@dataclass(frozen=True)
class LayerNormalisation(Normalisation):
    """Mean and variance over all numbers of one sample, in training and inference alike.

    shapes: unchanged; gamma, beta as one sample
    source: L1 (T27); Ba, Kiros, Hinton 2016
    """

    def scale_shape(self, shape: Shape) -> Shape:
        return shape

    def forward(self, stage: Stage) -> list[Call]:
        x, y = _shaped(stage, stage.x, stage.y)
        stage.moments = stage.ops.whole((), stage.batch), stage.ops.whole((), stage.batch)
        rest = *_scales(stage.parameters), y, stage.moments, self.eps, stage.slope
        return [stage.ops.normalisation.layer_forward(x, *rest)]

    def backward(self, stage: Stage) -> list[Call]:
        return [stage.ops.normalisation.layer_backward(*_gradient_arguments(stage))]
