"""The networks that are compared, as plain lists; each peer builds them its own way from the same starting weights."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np


@dataclass(frozen=True)
class Conv:
    """A square convolution."""

    filters: int
    kernel: int
    pad: int = 0
    stride: int = 1


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


@dataclass(frozen=True)
class Pool:
    """The maximum of kernel x kernel pixels."""

    kernel: int = 2
    stride: int = 2


@dataclass(frozen=True)
class Flatten:
    """[N, C, H, W] -> [N, C H W]."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer."""

    units: int


@dataclass(frozen=True)
class Dropout:
    """Drop at this rate and scale the rest by 1 / (1 - rate)."""

    rate: float


Layer = Conv | Relu | Pool | Flatten | Dense | Dropout


@dataclass(frozen=True)
class Network:
    """A name, the side of its input, and its layers; `preset` and `options` are dlab's name for it."""

    name: str
    side: int
    layers: tuple[Layer, ...]
    preset: str
    options: tuple[tuple[str, object], ...] = ()
    channels: int = 1
    classes: int = 10

    @property
    def input(self) -> tuple[int, int, int]:
        """The shape of an image."""
        return self.channels, self.side, self.side

    def without_dropout(self) -> "Network":
        """The same network without randomness, for comparing peers step by step."""
        kept = tuple(layer for layer in self.layers if not isinstance(layer, Dropout))
        return replace(self, layers=kept)


def _pair(filters: int, second_pad: int = 1) -> tuple[Layer, ...]:
    return (Conv(filters, 3, 1), Relu(), Conv(filters, 3, second_pad), Relu(), Pool())


def _mlp(hidden: int) -> Network:
    layers = (Flatten(), *(Dense(100), Relu()) * hidden, Dense(10))
    return Network(f"mlp-{hidden}", 28, layers, "mlp", (("hidden", (100,) * hidden),))


_LENET = (
    *(Conv(6, 5), Relu(), Pool(), Conv(16, 5), Relu(), Pool()),
    *(Flatten(), Dense(120), Relu(), Dense(84), Relu(), Dense(10)),
)
_SIMPLE = (Conv(30, 5), Relu(), Pool(), Flatten(), Dense(100), Relu(), Dense(10))
_DEEP = (
    *(*_pair(16), *_pair(32, 2), *_pair(64)),
    *(Flatten(), Dense(50), Relu(), Dropout(0.5), Dense(10), Dropout(0.5)),
)
_ALEX = (
    *(Conv(96, 11, stride=4), Relu(), Pool(3), Conv(256, 5, 2), Relu(), Pool(3)),
    *(Conv(384, 3, 1), Relu(), Conv(384, 3, 1), Relu(), Conv(256, 3, 1), Relu(), Pool(3), Flatten()),
    *(*(Dense(4096), Relu(), Dropout(0.5)) * 2, Dense(1000)),
)
NETWORKS = {
    network.name: network
    for network in (
        Network("lenet", 32, _LENET, "lenet"),
        Network("simple_convnet", 28, _SIMPLE, "simple_convnet"),
        Network("deep_convnet", 28, _DEEP, "deep_convnet"),
        _mlp(1),
        _mlp(5),
        Network("toy", 28, (Flatten(), Dense(8), Relu(), Dense(10)), "mlp", (("hidden", (8,)),)),
        Network("alexnet", 227, _ALEX, "alexnet", channels=3, classes=1000),
    )
}


def output_shape(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """What a sample of this shape becomes."""
    match layer:
        case Conv(filters, kernel, pad, stride):
            return (filters, *((side + 2 * pad - kernel) // stride + 1 for side in shape[1:]))
        case Pool(kernel, stride):
            return (shape[0], *((side - kernel) // stride + 1 for side in shape[1:]))
        case Flatten():
            return (prod(shape),)
        case Dense(units):
            return (units,)
    return shape


def weight_shapes(network: Network) -> list[tuple[tuple[int, ...], int]]:
    """(shape of the weights, multiply-adds of one sample's forward pass) of each layer that has weights."""
    shape, found = network.input, []
    for layer in network.layers:
        after = output_shape(layer, shape)
        if isinstance(layer, Conv):
            weights = (layer.filters, shape[0], layer.kernel, layer.kernel)
            found.append((weights, prod(weights) * prod(after[1:])))
        elif isinstance(layer, Dense):
            found.append(((layer.units, *shape), layer.units * prod(shape)))
        shape = after
    return found


def starting_weights(network: Network, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """He's normal weights [K, C, FH, FW] or [outputs, inputs] and zero biases, float32."""
    random = np.random.default_rng(seed)
    found = []
    for shape, _ in weight_shapes(network):
        spread = (2 / prod(shape[1:])) ** 0.5
        found.append(((random.standard_normal(shape) * spread).astype(np.float32), np.zeros(shape[0], np.float32)))
    return found


def parameters(network: Network) -> int:
    """Weights and biases."""
    return sum(prod(shape) + shape[0] for shape, _ in weight_shapes(network))


def forward_flops(network: Network, batch: int) -> int:
    """2 x multiply-adds of the forward pass."""
    return 2 * batch * sum(cost for _, cost in weight_shapes(network))


def step_flops(network: Network, batch: int) -> int:
    """2 x multiply-adds of forward, weight gradient and data gradient, which the first layer does not need."""
    costs = [cost for _, cost in weight_shapes(network)]
    return 2 * batch * (3 * sum(costs) - costs[0])
