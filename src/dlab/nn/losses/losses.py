"""Losses: the mean over the samples of a batch.  The formulas and gradients are in `kernels.loss`."""

from dataclasses import dataclass
from typing import ClassVar

from dlab.registry import LOSSES


@LOSSES.register("softmax_ce")
@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """E = -(1/N) sum ln softmax(u)[t], dE/du = (softmax(u) - t) / N; source: L2 (T05-T07, erratum E22)."""

    kernel: ClassVar[str] = "softmax_cross_entropy"


@LOSSES.register("mse")
@dataclass(frozen=True)
class SquaredError:
    """E = (1/N) sum 1/2 ||y - t||^2, dE/dy = (y - t) / N; source: L4, with its factor 1/2."""

    kernel: ClassVar[str] = "squared_error"
