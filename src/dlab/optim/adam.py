"""Adam and what was made of it: means of the gradient and of its square."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from dlab.optim.optimizer import Decay, Optimizer, Place, Rate, roots
from dlab.registry import OPTIMIZERS

LEAST = 1e-30  # what AdaMax divides by where no gradient has come yet: 0 / LEAST is 0


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
