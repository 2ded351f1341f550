"""LeNet, SimpleConvNet and DeepConvNet, with the parameter counts of the lectures."""

from dataclasses import dataclass
from typing import Literal

from dlab.errors import ShapeError
from dlab.layout import Shape
from dlab.nn.layer import Layer, image
from dlab.nn.layers.activations import ReLU
from dlab.nn.layers.convolution import Convolution
from dlab.nn.layers.dense import Dense
from dlab.nn.layers.pooling import AveragePooling, GlobalAveragePooling, MaxPooling
from dlab.nn.layers.shaping import Dropout, Flatten
from dlab.nn.preset import Preset
from dlab.registry import LAYERS, PRESETS


@PRESETS.register("lenet")
@dataclass(frozen=True)
class LeNet(Preset):
    """LeNet-5 for 32x32 images, 61,706 parameters; smaller images are padded to 32x32 in conv 1; source: L3 (T23)."""

    activation: Literal["relu", "tanh", "sigmoid", "leaky_relu"] = "relu"
    pooling: Literal["max", "average"] = "max"

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        _, height, width = image(shape, "lenet")
        if height != width or height > 32 or height % 2:
            raise ShapeError(f"lenet takes square images of even size up to 32x32, and gets {height}x{width}")
        act, pool = LAYERS[self.activation], MaxPooling if self.pooling == "max" else AveragePooling
        return (
            *(Convolution(6, 5, pad=(32 - height) // 2), act(), pool(2)),
            *(Convolution(16, 5), act(), pool(2)),
            *(Flatten(), Dense(120), act(), Dense(84), act(), Dense(outputs)),
        )


@PRESETS.register("simple_convnet")
@dataclass(frozen=True)
class SimpleConvNet(Preset):
    """One convolution and two dense layers, 433,890 parameters on 1x28x28; source: L3 (X8)."""

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        return (Convolution(30, 5), ReLU(), MaxPooling(2), Flatten(), Dense(100), ReLU(), Dense(outputs))


@PRESETS.register("deep_convnet")
@dataclass(frozen=True)
class DeepConvNet(Preset):
    """Six 3x3 convolutions and two dense layers with dropout, 123,552 parameters on 1x28x28; source: L3 (X9).

    The second convolution of 32 filters has padding 2, so that 14x14 becomes 16x16.  The last dropout stands on the
    logits, which keeps the training loss near 1.
    end: how the 64 maps become a vector; with global_avgpool, each as its mean, there are 75,552 parameters, and it no
    longer matters where in the image something is (L3, erratum E58)
    """

    end: Literal["flatten", "global_avgpool"] = "flatten"

    def layers(self, shape: Shape, outputs: int) -> tuple[Layer, ...]:
        def pair(filters: int, second_pad: int = 1) -> tuple[Layer, ...]:
            first, second = Convolution(filters, 3, pad=1), Convolution(filters, 3, pad=second_pad)
            return (first, ReLU(), second, ReLU(), MaxPooling(2))

        end = Flatten() if self.end == "flatten" else GlobalAveragePooling()
        head = (end, Dense(50), ReLU(), Dropout(0.5), Dense(outputs), Dropout(0.5))
        return (*pair(16), *pair(32, second_pad=2), *pair(64), *head)
