"""The same bits for any number of threads, for every preset; and padding lanes that change nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

from dlab import kernels
from dlab.nn.network import Network
from dlab.nn.plan import Plan
from dlab.registry import INITIALISERS, LOSSES, PRESETS

CASES = {  # the first word is the preset
    "perceptron": ({}, (1, 8, 8)),
    "mlp": ({"hidden": (30, 20), "activation": "tanh"}, (1, 8, 8)),
    "mlp with batch normalisation": ({"hidden": (30, 20), "normalize": "batch"}, (1, 8, 8)),
    "mlp with layer normalisation": ({"hidden": (30, 20), "normalize": "layer"}, (1, 8, 8)),
    "lenet": ({"activation": "relu"}, (1, 16, 16)),
    "simple_convnet": ({}, (1, 12, 12)),
    "deep_convnet": ({}, (1, 12, 12)),
}


def trained(name, backend, samples=21):
    """Loss, output and gradients of one batch of a preset."""
    options, shape = CASES[name]
    network = Network(PRESETS[name.split()[0]](**options).layers(shape, 10), shape)
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 50).astype(np.int32)
    images = random.integers(0, 256, (50, *shape)).astype(np.uint8)
    data = SimpleNamespace(x=images, labels=labels, targets=np.eye(10, dtype=np.float32)[labels])
    ops = kernels.backend(backend)
    parameters, gradients = ops.zeros((network.size,)), ops.zeros((network.size,))
    network.start(parameters, INITIALISERS["he"](), 0)
    arrays = parameters, ops.zeros((network.statistics_size,)), gradients
    plan = Plan(network, ops, data, (1 / 255, 0.0), LOSSES["softmax_ce"](), samples, *arrays)
    plan.rows[:] = np.arange(samples)
    for key in plan.keys.values():
        key[0] = 12345
    gradients[:] = np.nan
    plan.run()
    return plan.total.copy(), plan.outputs(), gradients


@pytest.mark.parametrize("name", CASES)
def test_threads_do_not_change_a_bit(name):
    found = set()
    for threads in (1, 2, 3, 4, 7):
        kernels.set_threads(threads)
        found.add(b"".join(array.tobytes() for array in trained(name, "cpu")))
    kernels.set_threads(1)
    assert len(found) == 1


@pytest.mark.parametrize("name", CASES)
def test_a_whole_batch_follows_the_float64_reference(name):
    for found, wanted in zip(trained(name, "cpu"), trained(name, "reference"), strict=True):
        assert np.linalg.norm(found - wanted) < 3e-6 * np.linalg.norm(wanted)


def test_every_preset_is_tested():
    assert {name.split()[0] for name in CASES} == set(PRESETS)
