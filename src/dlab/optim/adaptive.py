"""A rate for each parameter, from the squares of its gradients."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from dlab.optim.optimizer import Decay, Optimizer, Place, Rate, roots
from dlab.registry import OPTIMIZERS


@OPTIMIZERS.register("adagrad")
@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """h <- h + g^2;  w <- w - lr g / (sqrt(h) + eps): the rate only ever shrinks.

    source: Duchi et al. 2011; L0 and L3 have eps inside the root (`eps_mode: inside`), L3 starts h at eps (`h0`)
    """

    states: ClassVar[int] = 1
    lr: Rate = 0.01
    eps: Rate = 1e-7
    eps_mode: Place = "outside"
    h0: Annotated[float, Ge(0)] = 0.0

    def start(self) -> tuple[float, ...]:
        return (self.h0,)

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr, *roots(self.eps, self.eps_mode))


@OPTIMIZERS.register("rmsprop")
@dataclass(frozen=True)
class RMSProp(Optimizer):
    """h <- rho h + (1 - rho) g^2;  w <- w - lr g / (sqrt(h) + eps).

    source: Hinton 2012, with rho 0.9; L0 and L3 have eps inside the root (`eps_mode: inside`)
    """

    states: ClassVar[int] = 1
    lr: Rate = 0.001
    rho: Decay = 0.99
    eps: Rate = 1e-8
    eps_mode: Place = "outside"

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr, *roots(self.eps, self.eps_mode), 1 - self.rho)


@OPTIMIZERS.register("rmsprop_graves")
@dataclass(frozen=True)
class RMSPropGraves(Optimizer):
    """m, h: running means of g, g^2;  v <- momentum v - lr g / sqrt(h - m^2 + eps);  w <- w + v.

    source: Graves 2013; L3 has momentum 0, and dates it 2014
    """

    states: ClassVar[int] = 3
    lr: Rate = 1e-4
    rho: Decay = 0.95
    momentum: Decay = 0.9
    eps: Rate = 1e-4

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr, 1 - self.rho, self.momentum, self.eps)


@OPTIMIZERS.register("smorms3")
@dataclass(frozen=True)
class SMORMS3(Optimizer):
    """r = 1 / (s + 1); m, v: running means of g, g^2 with share r of the new; z = m^2 / (v + eps);
    w <- w - g min(lr, z) / (sqrt(v) + eps);  s <- 1 + (1 - z) s.

    source: Funk 2015; L3 swaps r and 1 - r, and has eps inside the root and s <- 1 + (1 - z s) (`form: lecture`, E48)
    """

    states: ClassVar[int] = 3
    lr: Rate = 0.001
    eps: Rate = 1e-16
    form: Literal["paper", "lecture"] = "paper"

    @property
    def rule(self) -> str:
        return "smorms3" if self.form == "paper" else "smorms3_lecture"

    def start(self) -> tuple[float, ...]:
        return (0.0, 0.0, 1.0)

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr, self.eps, 1.0)
