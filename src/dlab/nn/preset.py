"""What a preset is: a network with a name, whose options are its dataclass fields."""

from typing import ClassVar

from dlab.layout import Shape
from dlab.nn.layer import Layer


class Preset:
    """A list of layers for given data; `notes` are what `dlab summary` says below their table."""

    type_name: ClassVar[str]
    notes: ClassVar[tuple[str, ...]] = ()

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        """The layers from samples of this shape to so many outputs; ShapeError if they do not fit."""
        raise NotImplementedError
