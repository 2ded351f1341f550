"""What a layer is: a few options, and the formulas that follow from them.

A layer is a frozen dataclass whose fields are its YAML options.  It owns no arrays: `nn.plan` gives it buffers and
asks it for the kernel calls of one batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Lt

from dlab.errors import ShapeError
from dlab.layout import Shape

if TYPE_CHECKING:
    import numpy as np

    from dlab.kernels import Call
    from dlab.nn.stage import Stage

Count = Annotated[int, Ge(1)]
Margin = Annotated[int, Ge(0)]
Ratio = Annotated[float, Ge(0), Lt(1)]
Positive = Annotated[float, Gt(0)]
Pad = Margin | Literal["same"]


@dataclass(frozen=True)
class Parameter:
    """One named parameter of a layer: its shape, what it starts from, and whether penalties apply."""

    shape: Shape
    fan_in: int = 1  # the fans scale the random start of a weight
    fan_out: int = 1
    weight: bool = True  # False for biases: they start at `start` and are never penalised
    start: float = 0.0


@dataclass(frozen=True)
class Statistic:
    """One named array that a layer's training steps keep up to date and its inference reads; it has no gradient."""

    shape: Shape
    start: float


@dataclass(frozen=True)
class Window:
    """The window a layer slides over its input, which is what a receptive field grows by (T22)."""

    kernel: int = 1
    stride: int = 1
    pad: int = 0


class Layer:
    """The contract of all layers; a layer that only reshapes or acts elementwise overrides `output_shape` at most."""

    type_name: ClassVar[str]
    random: ClassVar[bool] = False  # whether training draws random numbers here

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one output sample for one input sample; ShapeError if the layer does not fit."""
        return shape

    def parameters(self, shape: Shape) -> Mapping[str, Parameter]:
        """The layer's parameters for this input shape, by name, in the order they are stored."""
        return {}

    def statistics(self, shape: Shape) -> Mapping[str, Statistic]:
        """The running statistics of the layer for this input shape, by name, in the order they are stored."""
        return {}

    def by_unit(self, weights: "np.ndarray") -> "np.ndarray":
        """The layer's weights as a matrix: a row for each unit, or for each filter that slides."""
        return weights.reshape(len(weights), -1)

    def multiply_adds(self, shape: Shape) -> int:
        """Multiply-adds of one sample's forward pass."""
        return 0

    def window(self, shape: Shape) -> Window:
        """The window over the input, for the receptive field."""
        return Window()

    def margin(self) -> int:
        """Zeros this layer wants around its input."""
        return 0

    def gradient_margin(self) -> int:
        """Zeros this layer wants around the gradient of its output."""
        return 0

    def forward(self, stage: "Stage") -> "list[Call]":
        """The kernel calls that compute stage.y from stage.x."""
        raise NotImplementedError

    def backward(self, stage: "Stage") -> "list[Call]":
        """The kernel calls that compute the gradients, and stage.dx unless it is None, from stage.dy."""
        raise NotImplementedError


def image(shape: Shape, layer: str) -> tuple[int, int, int]:
    """`shape` as (C, H, W); ShapeError if it is a vector."""
    if len(shape) != 3:
        raise ShapeError(f"{layer} needs an image (channels, height, width), and gets a vector of {shape[0]} numbers")
    return shape


def same_padding(kernel: int, stride: int) -> int:
    """Padding (F - 1) / 2 that keeps the size at stride 1 (T12); ShapeError where there is none."""
    if stride != 1 or kernel % 2 == 0:
        raise ShapeError('pad "same" needs stride 1 and an odd kernel; give the padding as a number', "pad")
    return (kernel - 1) // 2
