"""AlexNet, and a small network of the same build."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from dlab.layout import Shape
from dlab.nn.layer import Layer, Ratio, image
from dlab.nn.layers.activations import ReLU
from dlab.nn.layers.convolution import Convolution
from dlab.nn.layers.dense import Dense
from dlab.nn.layers.lrn import LocalResponseNormalisation
from dlab.nn.layers.pooling import MaxPooling
from dlab.nn.layers.shaping import Dropout, Flatten
from dlab.nn.preset import Preset
from dlab.registry import PRESETS


@dataclass(frozen=True)
class Krizhevsky(Preset):
    """Five convolutions, of which 1, 2 and 5 are pooled with overlap, and three dense layers, two of them with dropout.

    groups: 2 halves convolutions 2, 4 and 5 as the two GPUs of 2012 did: each half sees only its own half of the maps,
    until convolution 3 and the dense layers see all
    lrn: whether local response normalisation follows convolutions 1 and 2
    dropout: the share that is dropped of both hidden dense layers
    """

    groups: Literal[1, 2] = 1
    lrn: bool = False
    dropout: Ratio = 0.5
    dropout_mode: Literal["lecture", "inverted"] = "lecture"

    def build(self, first: Convolution, filters: Sequence[int], units: int, outputs: int) -> tuple[Layer, ...]:
        """The layers with this first convolution, so many filters in the next four, and so many hidden units."""
        two, three, four, five = filters
        return (
            *self._pooled(first, self.lrn),
            *self._pooled(Convolution(two, 5, pad=2, groups=self.groups), self.lrn),
            *(Convolution(three, 3, pad=1), ReLU()),
            *(Convolution(four, 3, pad=1, groups=self.groups), ReLU()),
            *self._pooled(Convolution(five, 3, pad=1, groups=self.groups), False),
            *(Flatten(), *self._hidden(units), *self._hidden(units), Dense(outputs)),
        )

    def _pooled(self, convolution: Convolution, normalised: bool) -> Iterator[Layer]:
        yield from (convolution, ReLU())
        if normalised:
            yield LocalResponseNormalisation()
        yield MaxPooling(3, 2)

    def _hidden(self, units: int) -> tuple[Layer, ...]:
        return Dense(units), ReLU(), Dropout(self.dropout, self.dropout_mode)


@PRESETS.register("alexnet")
@dataclass(frozen=True)
class AlexNet(Krizhevsky):
    """AlexNet for colour images of 227x227: 62,378,344 parameters with 1,000 classes, in two groups 60,965,224.

    groups, lrn, dropout: as in the paper these are 2, true and .5; L0's table leaves them out
    source: L0, L3, L4 (T22, T24, errata E04-E06); Krizhevsky, Sutskever, Hinton 2012
    """

    notes: ClassVar[tuple[str, ...]] = (
        "L0's table has no column for padding. Its sizes need 2 in conv2, which would give 23x23 with 0, and 1 in "
        "conv3 to conv5 (E06).",
        "L0 writes ReLU in the rows of pooling layers, which have no activation (E06).",
        "L0's sixth layer, FC 9216, is the flattened output of the last pooling layer, 6 x 6 x 256. The dense layers "
        "have 4096, 4096 and 1000 units; read literally, there would be 84,943,872 parameters more (E05).",
        "L0's formula of sizes rounds down, which it does not say. With 227x227 every division is exact; the paper "
        "prints 224, which fits only with padding 2 in conv1 (E04, E06).",
        "L0 leaves out local response normalisation (lrn: true), dropout, and the two groups (groups: 2) of "
        "convolutions 2, 4 and 5 (E06).",
    )

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        image(shape, "alexnet")
        return self.build(Convolution(96, 11, 4), (256, 384, 384, 256), 4096, outputs)


@PRESETS.register("alexnet_small")
@dataclass(frozen=True)
class SmallAlexNet(Krizhevsky):
    """AlexNet for images of about 28x28, a quarter as wide: 367,034 parameters on 1x28x28; source: L0.

    The first convolution is 5x5 with stride 1 and padding 2, since there is no detail to skip.
    """

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        image(shape, "alexnet_small")
        return self.build(Convolution(24, 5, pad=2), (64, 96, 96, 64), 256, outputs)
