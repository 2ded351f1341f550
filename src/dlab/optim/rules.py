"""The eleven optimizers of the lectures.

An optimizer names a scalar rule of `kernels.update`, says what its state arrays start from, and works out the few
numbers (`coefficients`) that hold for one step.  Its defaults are the papers' or the frameworks'; where a lecture
prints something else, an option gives that form.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

from dlab.registry import OPTIMIZERS

Rate = Annotated[float, Gt(0)]
Decay = Annotated[float, Ge(0), Lt(1)]
LEAST = 1e-30  # what AdaMax divides by where no gradient has come yet: 0 / LEAST is 0
Place = Literal["outside", "inside"]


def roots(eps: float, place: Place) -> tuple[float, float]:
    """(eps inside the root, eps beside it): papers add it to the root, L0 and L3 under it (erratum E11)."""
    return (eps, 0.0) if place == "inside" else (0.0, eps)


class Optimizer:
    """What all have: a rule, state arrays, the coefficients of a step, and maybe an ear for the loss."""

    type_name: ClassVar[str]
    states: ClassVar[int] = 0
    memory: ClassVar[tuple[float, ...]] = ()  # where the numbers that `feedback` keeps start from

    @property
    def rule(self) -> str:
        """The name of its function in `kernels.update.rules`."""
        return self.type_name

    def start(self) -> tuple[float, ...]:
        """What each state array starts from."""
        return (0.0,) * self.states

    def coefficients(self, step: int) -> tuple[float, ...]:
        """The numbers of step 1, 2, ...; the first is proportional to lr and the others do not depend on it."""
        raise NotImplementedError

    def feedback(self, loss: float, memory: np.ndarray, coefficients: np.ndarray) -> None:
        """Change memory and coefficients between the backward pass and the update; loss is the batch's mean."""


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


@OPTIMIZERS.register("adam")
@dataclass(frozen=True)
class Adam(Optimizer):
    """m, v: running means of g and g^2;  w <- w - lr m^ / (sqrt(v^) + eps), with m^ = m / (1 - beta1^t) and v^ alike.

    source: Kingma and Ba 2015; L0 and L3 have eps inside the root (`eps_mode: inside`, erratum E11)
    """

    states: ClassVar[int] = 2
    lr: Rate = 0.001
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    eps: Rate = 1e-8
    eps_mode: Place = "outside"
    bias_correction: bool = True

    def coefficients(self, step: int) -> tuple[float, ...]:
        first, second = (1 - self.beta1**step, 1 - self.beta2**step) if self.bias_correction else (1.0, 1.0)
        shares = 1 - self.beta1, 1 - self.beta2
        return (self.lr, *roots(self.eps, self.eps_mode), *shares, 1 / first, 1 / second)


@OPTIMIZERS.register("adamax")
@dataclass(frozen=True)
class AdaMax(Optimizer):
    """m: running mean of g;  v <- max(beta2 v, |g|);  w <- w - lr / (1 - beta1^t) m / v.

    source: Kingma and Ba 2015, L3
    """

    states: ClassVar[int] = 2
    lr: Rate = 0.002
    beta1: Decay = 0.9
    beta2: Decay = 0.999

    def coefficients(self, step: int) -> tuple[float, ...]:
        return (self.lr / (1 - self.beta1**step), 1 - self.beta1, self.beta2, LEAST)


@lru_cache
def momenta(beta1: float, decay: float) -> list[float]:
    """The products mu_1 ... mu_t for t = 0, 1, ... of Nadam; the list grows as it is asked."""
    return [1.0]


@OPTIMIZERS.register("nadam")
@dataclass(frozen=True)
class Nadam(Optimizer):
    """m <- mu_t m + (1 - mu_t) g;  v: running mean of g^2;  w <- w - lr m^ / (sqrt(v^) + eps), looking one step ahead:
    m^ = mu_(t+1) m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) g / (1 - mu_1 ... mu_t), with
    mu_t = beta1 (1 - 0.96^(decay t) / 2).

    source: Dozat 2016; L3 multiplies v^ by beta2 once more (`form: lecture`) and does not give mu_t; PyTorch keeps m
    with a constant beta1 (`form: torch`)
    """

    states: ClassVar[int] = 2
    lr: Rate = 0.002
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    eps: Rate = 1e-8
    decay: Annotated[float, Ge(0)] = 0.004
    form: Literal["paper", "lecture", "torch"] = "paper"

    def coefficients(self, step: int) -> tuple[float, ...]:
        products = momenta(self.beta1, self.decay)
        while len(products) < step + 2:
            products.append(products[-1] * self._momentum(len(products)))
        now, after = self._momentum(step), self._momentum(step + 1)
        ahead, present = after / (1 - products[step + 1]), (1 - now) / (1 - products[step])
        mean, extra = self.beta1 if self.form == "torch" else now, self.beta2 if self.form == "lecture" else 1.0
        shares = 1 - mean, 1 - self.beta2
        return (self.lr, self.eps, *shares, ahead, present, extra / (1 - self.beta2**step))

    def _momentum(self, step: int) -> float:
        return self.beta1 * (1 - 0.5 * 0.96 ** (self.decay * step))


@OPTIMIZERS.register("eve")
@dataclass(frozen=True)
class Eve(Optimizer):
    """Adam with w <- w - lr m^ / (d sqrt(v^) + eps), where d follows the relative change r of the smoothed loss F:
    d <- beta3 d + (1 - beta3) r,  r = |F' - F| / min(F', F),  F' = c F,  c = f / F kept within bounds.

    The bounds are [k + 1, K + 1] where the loss f has risen, else [1 / (K + 1), 1 / (k + 1)], with k = small and
    K = large; F = f and d = 1 at step 1.
    source: Koushik and Hayashi 2016, first version; L3's lower bound 1 / (k + 1) when falling leaves c no choice
    (`form: lecture`)
    """

    states: ClassVar[int] = 2
    memory: ClassVar[tuple[float, ...]] = (0.0, 1.0)  # F and d
    lr: Rate = 0.001
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    beta3: Decay = 0.999
    eps: Rate = 1e-8
    small: Rate = 0.1
    large: Rate = 10.0
    form: Literal["paper", "lecture"] = "paper"

    def coefficients(self, step: int) -> tuple[float, ...]:
        first, second = 1 - self.beta1**step, 1 - self.beta2**step
        return (self.lr, self.eps, 1 - self.beta1, 1 - self.beta2, 1 / first, 1 / second, 1.0)

    def feedback(self, loss: float, memory: np.ndarray, coefficients: np.ndarray) -> None:
        smooth, d = memory
        if smooth == 0.0:  # the first step
            memory[0] = loss
        else:
            least, most = 1 + self.small, 1 + self.large
            lowest = 1 / least if self.form == "lecture" else 1 / most
            bounds = (least, most) if loss >= smooth else (lowest, 1 / least)
            after = smooth * min(max(bounds[0], loss / smooth), bounds[1])
            change = abs(after - smooth) / min(after, smooth)
            memory[:] = after, self.beta3 * d + (1 - self.beta3) * change
        coefficients[6] = memory[1]
