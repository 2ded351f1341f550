"""dlab's training step as the trainer runs it, adaptive threads included; its evaluation; and single convolutions."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

import dlab
from dlab import kernels
from dlab.data.dataset import Samples as Split
from dlab.data.dataset import classified
from dlab.kernels.calls import Calls
from dlab.nn.network import Network as Layers
from dlab.registry import INITIALISERS, LOSSES, OPTIMIZERS, PRESETS, SCHEDULES
from dlab.spec import Regularize, Train
from dlab.training.threads import Threads
from dlab.training.trainer import Trainer
from peers.convolutions import Convolution, arrays
from peers.networks import Network
from peers.samples import LR, SCALE, Samples, rows

VARIANTS = ("cpu",)
VERSION = dlab.__version__
ENDLESS = 1_000_000  # epochs


def make(network: Network, batch: int, dataset: Samples, variant: str = "cpu", threads: int = 2) -> Callable:
    """A call that trains one batch."""
    return _trainer(network, batch, dataset, threads).train_step


def infer(network: Network, batch: int, dataset: Samples, variant: str = "cpu", threads: int = 2) -> Callable:
    """A call that evaluates one batch."""
    made, next_rows, adaptive = _trainer(network, batch, dataset, threads), rows(dataset, batch), Threads(threads)
    plan = made._plan(made.data.train, batch)

    def step() -> None:
        plan.rows[:] = next_rows()
        adaptive.step(plan.run)

    return step


def convolve(layer: Convolution, batch: int, way: str, variant: str, threads: int) -> Callable:
    """A call that does one pass of a single convolution, on as many threads as suit it."""
    ops, adaptive, pad = kernels.backend("cpu"), Threads(threads), layer.pad
    x, w, b, dy = arrays(layer, batch)
    images, errors = (_buffer(ops, values, margin) for values, margin in ((x, pad), (dy, layer.kernel - 1)))
    output, dx = ops.buffer(dy.shape[1:], batch), ops.buffer(x.shape[1:], batch)
    dw, db = np.zeros_like(w), np.zeros_like(b)
    conv, stride, margin = ops.convolution, layer.stride, layer.kernel - 1
    calls = {
        "forward": [conv.forward(images.view(pad), w, b, output.view(), stride)],
        "gradients": [
            conv.data_gradient(errors.view(margin), w, dx.view(), stride, pad, margin),
            conv.weight_gradient(images.view(pad), errors.view(), dw, db, stride, batch),
        ],
    }[way]
    together = Calls(*ops.bracket(calls))
    return lambda: adaptive.step(together)


def _buffer(ops: kernels.Backend, values: np.ndarray, margin: int) -> kernels.Buffer:
    """The samples [N, C, H, W] as lane blocks with a margin of zeros."""
    made = ops.buffer(values.shape[1:], len(values), margin)
    for n, sample in enumerate(values):
        made.view()[n // 16, ..., n % 16] = sample
    return made


def trainer(
    network: Network,
    dataset: Samples,
    test: Samples | None = None,
    device: str = "cpu",
    threads: int = 1,
    optimizer: str = "momentum",
    lr: float = LR,
    schedule: str = "constant",
    **options: Any,
) -> Trainer:
    """dlab's trainer of a network of the list; the options are those of `train:` in a spec."""
    spec = SimpleNamespace(
        train=Train(**options),
        model=SimpleNamespace(init=INITIALISERS["he"]()),
        optimizer=OPTIMIZERS[optimizer](lr=lr),
        schedule=SCHEDULES[schedule](),
        regularize=Regularize(),
        loss=LOSSES["softmax_ce"](),
    )
    layers = PRESETS[network.preset](**dict(network.options)).layers(network.input, network.classes)
    splits = [split and _split(split, network.classes) for split in (dataset, test)]
    data = SimpleNamespace(train=splits[0], test=splits[1], validation=None, scale=SCALE, shift=0.0)
    return Trainer(Layers(layers, network.input), kernels.backend(device), data, spec, threads)


def _split(samples: Samples, classes: int) -> Split:
    return classified(np.ascontiguousarray(samples.images), samples.labels.astype(np.int64), classes, "benchmark")


def _trainer(network: Network, batch: int, dataset: Samples, threads: int) -> Trainer:
    return trainer(network, dataset, threads=threads, epochs=ENDLESS, batch_size=batch)
