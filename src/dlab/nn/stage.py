"""What a layer gets to work with in one plan, and how layers join into stages.

A convolution, dense layer or normalisation absorbs the rectifier (ReLU, leaky ReLU) behind it, and a convolution also
the 2x2 max pooling behind that: the sum, its activation and the maximum of four are one pass, and neither the full
feature map nor its gradient is ever written.  Flatten costs nothing: dense layers see images as vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlab.kernels import Buffer, Call
from dlab.nn.layers.activations import Identity, LeakyReLU, ReLU
from dlab.nn.layers.convolution import Convolution, Convolutional
from dlab.nn.layers.dense import Dense
from dlab.nn.layers.normalisation import Normalisation
from dlab.nn.layers.pooling import MaxPooling
from dlab.nn.layers.shaping import Flatten
from dlab.nn.network import Node


@dataclass
class Stage:
    """A layer with what it absorbed, and its place among the buffers."""

    node: Node
    output: tuple[int, ...]
    slope: float = 1.0  # of the absorbed rectifier; 1 for none
    pooled: bool = False
    ops: Any = None
    batch: int = 0
    training: bool = True
    parameters: dict[str, np.ndarray] = field(default_factory=dict)
    gradients: dict[str, np.ndarray] = field(default_factory=dict)
    statistics: dict[str, np.ndarray] = field(default_factory=dict)
    moments: tuple[np.ndarray, np.ndarray] | None = None  # what a normalisation keeps for its gradient
    x: Buffer = None  # type: ignore[assignment]
    y: Buffer = None  # type: ignore[assignment]
    dx: Buffer | None = None  # None for the first stage: nobody asks for the gradient of the data
    dy: Buffer = None  # type: ignore[assignment]
    code: np.ndarray | None = None  # where each pooled maximum stood
    key: np.ndarray | None = None  # random state of this batch
    kept: np.ndarray = None  # type: ignore[assignment]  # the weights, without those that this batch drops
    below: float = 1.0  # slope of the rectifier that made x, if this stage is to apply its derivative
    gated: bool = False  # dy has already been multiplied by this stage's own derivative

    @property
    def layer(self) -> Any:
        return self.node.layer

    def pair(self, a: Buffer, b: Buffer) -> tuple[np.ndarray, np.ndarray]:
        """Two buffers of equal volume in one form: as images if both are, else as vectors."""
        together = a.view().ndim == b.view().ndim
        return (a.view(), b.view()) if together else (a.flat(), b.flat())

    @property
    def due(self) -> float:
        """Slope of the absorbed rectifier whose derivative dy still lacks; 1 for none."""
        return 1.0 if self.gated else self.slope

    def rectified(self) -> list[Call]:
        """The call that turns dy into the gradient before the absorbed rectifier, if it is still due."""
        if self.due == 1.0 or self.pooled:
            return []
        return [self.rectified_into(self.dy)]

    def rectified_into(self, target: Buffer) -> Call:
        """The call that writes the gradient before the absorbed rectifier to another buffer."""
        return self.ops.activation.backward("rectify", self.dy.view(), self.y.view(), target.view(), self.due)

    @property
    def sees_vectors(self) -> bool:
        """Whether images below are read as vectors, which a margin would tear apart."""
        return isinstance(self.layer, Dense) or len(self.node.input) == 1

    @property
    def gate(self) -> bool:
        """Whether dx is to be multiplied by the derivative of the rectifier below."""
        return self.below != 1.0


def slope_of(layer: Any) -> float | None:
    """The slope below zero of a rectifier, None for any other layer."""
    if isinstance(layer, ReLU):
        return 0.0
    if isinstance(layer, LeakyReLU):
        return layer.slope
    return 1.0 if isinstance(layer, Identity) else None


def join(nodes: Sequence[Node]) -> list[Stage]:
    """The stages of a network: see the module's text."""
    stages: list[Stage] = []
    for node in nodes:
        last = stages[-1] if stages else None
        if isinstance(node.layer, Flatten) and stages:
            continue
        if last and _absorbs(last, node):
            slope = slope_of(node.layer)
            if slope is None:
                last.pooled, last.output = True, node.output
            else:
                last.slope = slope
        elif not isinstance(node.layer, Flatten):
            stages.append(Stage(node, node.output))
    return stages


def _absorbs(stage: Stage, node: Node) -> bool:
    """Whether the layer of `node` can be done in the same pass as the stage before it."""
    free = stage.slope == 1.0 and not stage.pooled
    if isinstance(node.layer, ReLU | LeakyReLU | Identity):
        return isinstance(stage.layer, Convolutional | Dense | Normalisation) and free
    halves = isinstance(node.layer, MaxPooling) and (node.layer.kernel, node.layer.step(), node.layer.pad) == (2, 2, 0)
    return halves and isinstance(stage.layer, Convolution) and not stage.pooled
