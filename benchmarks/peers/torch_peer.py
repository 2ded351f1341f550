"""PyTorch's training step.

eager          nn.Sequential and torch.optim.SGD as in a tutorial
fused          the same with SGD(fused=True)
channels_last  fused, images and weights in channels-last memory
compile        fused, and the gather, forward, loss and backward through torch.compile
"""

from collections.abc import Callable

import torch
from torch import nn

from peers.convolutions import Convolution, arrays
from peers.networks import Conv, Dense, Dropout, Flatten, Layer, Network, Pool, Relu, output_shape, starting_weights
from peers.samples import LR, MOMENTUM, SCALE, Samples, rows

VARIANTS = ("eager", "fused", "channels_last", "compile")
VERSION = torch.__version__


def make(network: Network, batch: int, dataset: Samples, variant: str = "eager", threads: int = 2) -> Callable:
    """A call that trains one batch and returns its loss."""
    _settings(threads)
    model, layout = build(network), torch.contiguous_format
    if variant == "channels_last":
        layout = torch.channels_last
        model = model.to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM, fused=variant != "eager")
    images, labels = torch.from_numpy(dataset.images), torch.from_numpy(dataset.labels).long()

    def loss_of(chosen: torch.Tensor) -> torch.Tensor:
        x = images.index_select(0, chosen).to(torch.float32, memory_format=layout) * SCALE
        return nn.functional.cross_entropy(model(x), labels.index_select(0, chosen))

    forward = torch.compile(loss_of, dynamic=False) if variant == "compile" else loss_of
    next_rows = rows(dataset, batch)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = forward(torch.from_numpy(next_rows()))
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def infer(network: Network, batch: int, dataset: Samples, variant: str = "eager", threads: int = 2) -> Callable:
    """A call that evaluates one batch and returns its loss."""
    _settings(threads)
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
    model = build(network).eval().to(memory_format=layout)
    images, labels = torch.from_numpy(dataset.images), torch.from_numpy(dataset.labels).long()

    def evaluate(chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = images.index_select(0, chosen).to(torch.float32, memory_format=layout) * SCALE
        scores, wanted = model(x), labels.index_select(0, chosen)
        return nn.functional.cross_entropy(scores, wanted), (scores.argmax(1) == wanted).sum()

    run = torch.compile(evaluate, dynamic=False) if variant == "compile" else evaluate
    next_rows = rows(dataset, batch)

    def step() -> torch.Tensor:
        with torch.inference_mode():
            return run(torch.from_numpy(next_rows()))[0]

    return step


def convolve(layer: Convolution, batch: int, way: str, variant: str, threads: int) -> Callable:
    """A call that does one pass of a single convolution."""
    _settings(threads)
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
    x, w, b, dy = (torch.from_numpy(array) for array in arrays(layer, batch))
    x, w, dy = (array.to(memory_format=layout) for array in (x, w, dy))
    options = [layer.stride] * 2, [layer.pad] * 2, [1, 1]

    def forward() -> None:
        with torch.inference_mode():
            torch.conv2d(x, w, b, *options)

    def gradients() -> None:
        torch.ops.aten.convolution_backward(dy, x, w, [len(b)], *options, False, [0, 0], 1, [True, True, True])

    return {"forward": forward, "gradients": gradients}[way]


def build(network: Network) -> nn.Sequential:
    """The network as nn.Sequential with the common starting weights."""
    shape, modules = network.input, []
    for layer in network.layers:
        modules.append(_module(layer, shape))
        shape = output_shape(layer, shape)
    model = nn.Sequential(*modules)
    flat = [torch.from_numpy(array) for pair in starting_weights(network) for array in pair]
    with torch.no_grad():
        for parameter, start in zip(model.parameters(), flat, strict=True):
            parameter.copy_(start)
    return model


def _module(layer: Layer, shape: tuple[int, ...]) -> nn.Module:
    match layer:
        case Conv(filters, kernel, pad, stride):
            return nn.Conv2d(shape[0], filters, kernel, stride, pad)
        case Relu():
            return nn.ReLU()
        case Pool(kernel, stride):
            return nn.MaxPool2d(kernel, stride)
        case Flatten():
            return nn.Flatten()
        case Dense(units):
            return nn.Linear(shape[0], units)
        case Dropout(rate):
            return nn.Dropout(rate)


def _settings(threads: int) -> None:
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    torch._dynamo.reset()
