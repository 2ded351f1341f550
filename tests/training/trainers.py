"""Trainers of small networks on noisy images, for tests."""

from types import SimpleNamespace

import numpy as np

from dlab import kernels
from dlab.data.samples import Samples
from dlab.nn.network import Network
from dlab.registry import INITIALISERS, LAYERS, LOSSES, OPTIMIZERS, PRESETS, SCHEDULES
from dlab.results.records import Evaluation
from dlab.spec import Regularize
from dlab.training.trainer import Trainer


def options(**changes):
    usual = {
        "epochs": 2,
        "iterations": None,
        "batch_size": 16,
        "sampling": "shuffle",
        "eval_every": None,
        "eval_batch": 32,
        "seed": 0,
        "measure": "batches",
        "clip": None,
        "early_stop": None,
        "watch": (),
    }
    return SimpleNamespace(**{**usual, **changes})


def samples(count, seed=0):
    """Three classes of noisy 6x6 images: a bright left, right or middle."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count).astype(np.int32)
    x = random.integers(0, 60, (count, 1, 6, 6))
    for n, label in enumerate(labels):
        x[n, 0, :, 2 * label : 2 * label + 2] += 120
    return Samples(x=x.astype(np.uint8), labels=labels, targets=np.eye(3, dtype=np.float32)[labels])


def dataset(validation=None):
    return SimpleNamespace(train=samples(50), test=samples(37, 1), scale=1 / 255, shift=0.0, validation=validation)


def trainer(layers=None, optimizer=None, schedule=None, loss="softmax_ce", ops="cpu", penalty=None, data=None, **train):
    shape = (1, 6, 6)
    data = data or dataset()
    layers = layers or (*PRESETS["mlp"](hidden=(20,)).layers(shape, 3)[:-1], LAYERS["dropout"](0.2), LAYERS["dense"](3))
    spec = SimpleNamespace(
        train=options(**train),
        model=SimpleNamespace(init=INITIALISERS["he"]()),
        optimizer=optimizer or OPTIMIZERS["adam"](lr=0.01),
        schedule=schedule or SCHEDULES["constant"](),
        regularize=Regularize(**(penalty or {})),
        loss=LOSSES[loss](),
    )
    return Trainer(Network(layers, data.train.x.shape[1:]), kernels.backend(ops), data, spec, threads=1)


def rows(made):
    return [record for record in made.run() if isinstance(record, Evaluation)]


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
