"""Gradient descent, and its two forms with momentum."""

from dataclasses import dataclass
from typing import ClassVar

from dlab.optim.optimizer import Decay, Optimizer, Rate
from dlab.registry import OPTIMIZERS


@OPTIMIZERS.register("sgd")
@dataclass(frozen=True)
class SGD(Optimizer):
    """w <- w - lr g; source: L0, L2, L3, L4."""

    lr: Rate = 0.01

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr,)


@OPTIMIZERS.register("momentum")
@dataclass(frozen=True)
class Momentum(Optimizer):
    """v <- momentum v - lr g;  w <- w + v; source: L0, L3."""

    states: ClassVar[int] = 1
    lr: Rate = 0.01
    momentum: Decay = 0.9

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr, self.momentum)


@OPTIMIZERS.register("nag")
@dataclass(frozen=True)
class NAG(Momentum):
    """v <- momentum v - lr grad E(w + momentum v);  w <- w + v, with w + momentum v stored in place of w.

    source: Nesterov 1983, Sutskever et al. 2013; L3 looks ahead from w_t by momentum times w, where its change is
    meant, and scales lr by 1 - momentum
    """
