"""Activations: one scalar function of each number.  The formulas are in `kernels.activation`."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from dlab.nn.layer import Layer
from dlab.registry import LAYERS


@dataclass(frozen=True)
class Activation(Layer):
    """y = f(u), elementwise; shapes: unchanged."""


@LAYERS.register("identity")
@dataclass(frozen=True)
class Identity(Activation):
    """f(u) = u; source: L4."""


@LAYERS.register("relu")
@dataclass(frozen=True)
class ReLU(Activation):
    """f(u) = max(0, u), f'(0) = 0; source: L0, L2, L3, L4."""


@LAYERS.register("leaky_relu")
@dataclass(frozen=True)
class LeakyReLU(Activation):
    """f(u) = u for u >= 0, slope * u below; source: L0."""

    slope: Annotated[float, Ge(0), Le(1)] = 0.01


@LAYERS.register("sigmoid")
@dataclass(frozen=True)
class Sigmoid(Activation):
    """f(u) = 1 / (1 + exp(-u)), f' = y (1 - y), at most 0.25; source: L0-L4 (T08)."""


@LAYERS.register("tanh")
@dataclass(frozen=True)
class Tanh(Activation):
    """f(u) = tanh u, f' = 1 - y^2; source: L2, L4."""


@LAYERS.register("step")
@dataclass(frozen=True)
class Step(Activation):
    """f(u) = 1 if u > 0 else 0; its gradient is 0, so nothing below it learns; source: L4 (T30)."""
