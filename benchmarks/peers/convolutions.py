"""Single convolutions that are compared, by name."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Convolution:
    """A square convolution of square images."""

    channels: int
    filters: int
    side: int
    kernel: int
    stride: int = 1
    pad: int = 0

    @property
    def out(self) -> int:
        """The side of the output."""
        return (self.side + 2 * self.pad - self.kernel) // self.stride + 1


CONVOLUTIONS = {
    "lenet-conv1": Convolution(1, 6, 32, 5),
    "lenet-conv2": Convolution(6, 16, 14, 5),
    "alexnet-conv2": Convolution(96, 256, 27, 5, pad=2),
    "alexnet-conv3": Convolution(256, 384, 13, 3, pad=1),
    "alexnet-conv4": Convolution(384, 384, 13, 3, pad=1),
    "alexnet-conv5": Convolution(384, 256, 13, 3, pad=1),
    "vgg-56": Convolution(64, 64, 56, 3, pad=1),
}


def flops(layer: Convolution, batch: int) -> int:
    """2 x multiply-adds of the forward pass."""
    return 2 * batch * layer.filters * layer.channels * (layer.kernel * layer.out) ** 2


def arrays(layer: Convolution, batch: int) -> tuple[np.ndarray, ...]:
    """(x, w, b, dy), the same for every peer."""
    random, side = np.random.default_rng(0), layer.side
    shapes = (
        (batch, layer.channels, side, side),
        (layer.filters, layer.channels, layer.kernel, layer.kernel),
        (layer.filters,),
        (batch, layer.filters, layer.out, layer.out),
    )
    return tuple(random.standard_normal(shape, np.float32) for shape in shapes)
