"""The initialisers of L3: each is a standard deviation that depends on the fans."""

from dataclasses import dataclass
from math import sqrt
from typing import Annotated

from annotated_types import Gt

from dlab.registry import INITIALISERS


@INITIALISERS.register("gauss")
@dataclass(frozen=True)
class Gauss:
    """std as given; source: L3, which uses 1 and 0.01."""

    std: Annotated[float, Gt(0)] = 0.01

    def scale(self, fan_in: int, fan_out: int) -> float:
        return self.std


@INITIALISERS.register("xavier")
@dataclass(frozen=True)
class Xavier:
    """std = sqrt(1 / n_in), for S-shaped activations; source: L3 (erratum E39)."""

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(1 / fan_in)


@INITIALISERS.register("xavier_glorot")
@dataclass(frozen=True)
class XavierGlorot:
    """std = sqrt(2 / (n_in + n_out)); source: Glorot and Bengio 2010."""

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / (fan_in + fan_out))


@INITIALISERS.register("he")
@dataclass(frozen=True)
class He:
    """std = sqrt(2 / n_in), for ReLU; source: He et al. 2015 (erratum E35: L3 prints sqrt(1 / n))."""

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / fan_in)


@INITIALISERS.register("zero")
@dataclass(frozen=True)
class Zero:
    """All weights 0: the units of a layer stay identical (T31); source: L3 (erratum E42)."""

    def scale(self, fan_in: int, fan_out: int) -> float:
        return 0.0
