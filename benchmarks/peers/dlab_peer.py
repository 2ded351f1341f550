"""dlab's training step, as the trainer runs it, adaptive threads included."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

import dlab
from dlab import kernels
from dlab.data.dataset import classified
from dlab.nn.network import Network as Layers
from dlab.registry import INITIALISERS, LOSSES, OPTIMIZERS, PRESETS, SCHEDULES
from dlab.spec import Regularize, Train
from dlab.training.trainer import Trainer
from peers.networks import Network
from peers.samples import Samples

VARIANTS = ("cpu",)
VERSION = dlab.__version__


def make(network: Network, batch: int, dataset: Samples, variant: str = "cpu", threads: int = 2) -> Callable:
    """A call that trains one batch."""
    train = classified(np.ascontiguousarray(dataset.images), dataset.labels.astype(np.int64), 10, "benchmark")
    shape = train.x.shape[1:]
    spec = SimpleNamespace(
        train=Train(epochs=1_000_000, batch_size=batch),
        model=SimpleNamespace(init=INITIALISERS["he"]()),
        optimizer=OPTIMIZERS["momentum"](lr=0.01),
        schedule=SCHEDULES["constant"](),
        regularize=Regularize(),
        loss=LOSSES["softmax_ce"](),
    )
    layers = PRESETS[network.preset](**dict(network.options)).layers(shape, 10)
    data = SimpleNamespace(train=train, test=None, validation=None, scale=1 / 255, shift=0.0)
    return Trainer(Layers(layers, shape), kernels.backend("cpu"), data, spec, threads).train_step
