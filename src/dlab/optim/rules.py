"""SGD, Momentum and Adam.

An optimizer names a scalar rule of `kernels.update`, says how many state arrays it keeps, and works out the few
numbers (`coefficients`) that hold for one step.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Lt

from dlab.registry import OPTIMIZERS

Rate = Annotated[float, Gt(0)]
Decay = Annotated[float, Ge(0), Lt(1)]


@OPTIMIZERS.register("sgd")
@dataclass(frozen=True)
class SGD:
    """w <- w - lr g; source: L0, L2, L3, L4."""

    rule: ClassVar[str] = "sgd"
    states: ClassVar[int] = 0
    lr: Rate = 0.01

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr,)


@OPTIMIZERS.register("momentum")
@dataclass(frozen=True)
class Momentum:
    """v <- momentum v - lr g;  w <- w + v; source: L0, L3."""

    rule: ClassVar[str] = "momentum"
    states: ClassVar[int] = 1
    lr: Rate = 0.01
    momentum: Decay = 0.9

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr, self.momentum)


@OPTIMIZERS.register("adam")
@dataclass(frozen=True)
class Adam:
    """m, v: running means of g and g^2;  w <- w - lr m^ / (sqrt(v^) + eps), with m^ = m / (1 - beta1^t) and v^ alike.

    source: Kingma and Ba 2015; L0 and L3 print eps inside the root (erratum E11)
    """

    rule: ClassVar[str] = "adam"
    states: ClassVar[int] = 2
    lr: Rate = 0.001
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    eps: Rate = 1e-8
    bias_correction: bool = True

    def coefficients(self, step: int) -> tuple[float, ...]:
        first, second = (1 - self.beta1**step, 1 - self.beta2**step) if self.bias_correction else (1.0, 1.0)
        return (self.lr, self.beta1, self.beta2, self.eps, 1 / first, 1 / second)
