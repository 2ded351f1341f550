"""Watched trainers, for tests."""

from types import SimpleNamespace

from dlab import kernels
from dlab.nn.network import Network
from dlab.registry import DATASETS, INITIALISERS, LOSSES, OPTIMIZERS, PRESETS, SCHEDULES
from dlab.spec.options import Regularize, Train
from dlab.training.trainer import Trainer

ALL = ("activations", "gradients", "weights")
NOISE = DATASETS["noise"](features=12, samples=80, classes=3)


def trainer(layers, init="he", data=NOISE, ops="reference", watch=ALL, **train):
    data = data.load() if hasattr(data, "load") else data
    spec = SimpleNamespace(
        train=Train(**{"iterations": 6, "batch_size": 50, "eval_every": 2, **train}, watch=watch),
        model=SimpleNamespace(init=INITIALISERS[init]() if isinstance(init, str) else init),
        optimizer=OPTIMIZERS["sgd"](lr=0.1),
        schedule=SCHEDULES["constant"](),
        regularize=Regularize(),
        loss=LOSSES["softmax_ce"](),
    )
    return Trainer(Network(layers, data.train.x.shape[1:]), kernels.backend(ops), data, spec, threads=1)


def mlp(activation, hidden=(9, 7), **options):
    return PRESETS["mlp"](hidden=hidden, activation=activation, **options).layers((12,), 3)


def look(made):
    return made.watch.look(made.step, whole=True)[0]


def weights(made):
    return [v for (_, key), v in made.network.views(made.parameters).items() if key == "weight"]


def biases(made):
    return [v for (_, key), v in made.network.views(made.parameters).items() if key == "bias"]
