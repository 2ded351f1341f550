"""Activations: one scalar function of each number.  The formulas are in `kernels.activation`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Le

from dlab.nn.layer import Layer
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Call
    from dlab.nn.stage import Stage


@dataclass(frozen=True)
class Activation(Layer):
    """y = f(u), elementwise; shapes: unchanged."""

    limits: ClassVar[tuple[float, float] | None] = None  # what y approaches and never passes, on both sides
    kind: ClassVar[str] = "rectify"
    slope: ClassVar[float] = 0.0

    def forward(self, stage: Stage) -> list[Call]:
        x, y = stage.pair(stage.x, stage.y)
        return [stage.ops.activation.forward(self.kind, x, y, self.slope)]

    def backward(self, stage: Stage) -> list[Call]:
        if stage.dx is None:
            return []
        (dy, y), dx = stage.pair(stage.dy, stage.y), stage.pair(stage.dx, stage.dy)[0]
        if dx.ndim != dy.ndim:
            dy, y, dx = stage.dy.flat(), stage.y.flat(), stage.dx.flat()
        return [stage.ops.activation.backward(self.kind, dy, y, dx, self.slope)]


@LAYERS.register("identity")
@dataclass(frozen=True)
class Identity(Activation):
    """f(u) = u; source: L4."""

    slope: ClassVar[float] = 1.0


@LAYERS.register("relu")
@dataclass(frozen=True)
class ReLU(Activation):
    """f(u) = max(0, u), f'(0) = 0; source: L0, L2, L3, L4."""

    slope: ClassVar[float] = 0.0


@LAYERS.register("leaky_relu")
@dataclass(frozen=True)
class LeakyReLU(Activation):
    """f(u) = u for u >= 0, slope * u below; source: L0."""

    slope: Annotated[float, Ge(0), Le(1)] = 0.01  # type: ignore[misc]


@LAYERS.register("sigmoid")
@dataclass(frozen=True)
class Sigmoid(Activation):
    """f(u) = 1 / (1 + exp(-u)), f' = y (1 - y), at most 0.25; source: L0-L4 (T08)."""

    limits: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    kind: ClassVar[str] = "sigmoid"


@LAYERS.register("tanh")
@dataclass(frozen=True)
class Tanh(Activation):
    """f(u) = tanh u, f' = 1 - y^2; source: L2, L4."""

    limits: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)
    kind: ClassVar[str] = "tanh"


@LAYERS.register("step")
@dataclass(frozen=True)
class Step(Activation):
    """f(u) = 1 if u > 0 else 0; its gradient is 0, so nothing below it learns; source: L4 (T30)."""

    kind: ClassVar[str] = "step"
