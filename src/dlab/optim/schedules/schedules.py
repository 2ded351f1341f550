"""What the optimizer's learning rate is multiplied with at each step of a run."""

from dataclasses import dataclass
from math import cos, pi
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le

from dlab.registry import SCHEDULES

MOST = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A linear rise in the first `warmup` steps t = 1, 2, ..., then the shape of k = 0, 1, ..., n - 1.

    scale = t / warmup, then shape(k, n) with k = t - 1 - warmup of n = steps - warmup
    """

    type_name: ClassVar[str]
    warmup: Annotated[int, Ge(0), Le(MOST)] = 0

    def scale(self, step: int, steps: int) -> float:
        """What the rate is multiplied with at step 1, 2, ... of `steps`."""
        if step <= self.warmup:
            return step / self.warmup
        return self.shape(step - 1 - self.warmup, steps - self.warmup)

    def shape(self, done: int, steps: int) -> float:
        """The scale after `done` of `steps` steps, the warm-up left out."""
        raise NotImplementedError


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """shape = 1: the rate stays what the optimizer says."""

    def shape(self, done: int, steps: int) -> float:
        return 1.0


@SCHEDULES.register("step")
@dataclass(frozen=True)
class Step(Schedule):
    """shape = factor^floor(k / every): the rate drops every so many steps."""

    every: Annotated[int, Ge(1), Le(MOST)]
    factor: Annotated[float, Gt(0), Le(1)] = 0.1

    def shape(self, done: int, steps: int) -> float:
        return self.factor ** (done // self.every)


@SCHEDULES.register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """shape = final + (1 - final) (1 + cos(pi k / n)) / 2: half a wave from 1 down to `final`.

    source: Loshchilov and Hutter 2017, without restarts
    """

    final: Annotated[float, Ge(0), Le(1)] = 0.0

    def shape(self, done: int, steps: int) -> float:
        return self.final + (1 - self.final) * (1 + cos(pi * done / steps)) / 2
