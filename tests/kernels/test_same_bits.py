"""The same bits for any number of threads, for every preset and every layer; and padding lanes that change nothing."""

import numpy as np
import pytest

from dlab import kernels
from dlab.data.samples import Samples
from dlab.kernels.calls import Together
from dlab.nn.network import Network
from dlab.nn.plan import Plan
from dlab.registry import INITIALISERS, LAYERS, LOSSES, PRESETS

THREADS = (1, 2, 3, 4, 7, 8, 16)
PRESET_CASES = {  # the first word is the preset
    "perceptron": ({}, (1, 8, 8)),
    "mlp": ({"hidden": (30, 20), "activation": "tanh"}, (1, 8, 8)),
    "mlp with batch normalisation": ({"hidden": (30, 20), "normalize": "batch"}, (1, 8, 8)),
    "mlp with layer normalisation": ({"hidden": (30, 20), "normalize": "layer"}, (1, 8, 8)),
    "lenet": ({"activation": "relu"}, (1, 16, 16)),
    "simple_convnet": ({}, (1, 12, 12)),
    "deep_convnet": ({}, (1, 12, 12)),
    "deep_convnet with global averages": ({"end": "global_avgpool"}, (1, 12, 12)),
    "alexnet_small": ({"groups": 2, "lrn": True}, (3, 16, 16)),
}
CASES = {
    name: (PRESETS[name.split()[0]](**options).layers(shape, 10), shape)
    for name, (options, shape) in PRESET_CASES.items()
}


def layers(*entries):
    """Layers from names, or tuples of a name and options."""
    return tuple(LAYERS[name](*options) for name, *options in ((e,) if isinstance(e, str) else e for e in entries))


# Layers that no preset has; the convolutions before a flatten and a global pooling are not pooled themselves.
CASES["l2, average, dropconnect"] = (
    layers(
        *(("conv", 6, 3), ("l2pool", 3, 2), ("maxout", 2), ("conv", 12, 3), "relu", "global_avgpool"),
        *(("dropconnect", 20), "relu", ("dropconnect", 10, False, 0.2)),
    ),
    (1, 12, 11),
)
CASES["global maximum"] = layers(("conv", 4, 3), "relu", ("conv", 20, 3), "global_maxpool", "maxout"), (1, 9, 7)
CASES["groups"] = (
    layers(
        *(("conv", 40, 3, 1, 1, True, 2), "relu", ("conv", 40, 3, 1, 1, True, 2), "relu", ("maxpool", 2)),
        *(("conv", 40, 3, 1, 1, True, 40), "relu", "flatten", ("dense", 10)),
    ),
    (2, 9, 11),
)
CASES["local filters"] = (
    layers(
        *(("local_conv", 6, 3), "relu", ("local_conv", 20, 3, 2, 1), ("leaky_relu", 0.1), ("conv", 6, 3, 1, 1), "relu"),
        *(("local_conv", 3, 2, 1, 0, False), "flatten", ("dense", 10)),
    ),
    (2, 9, 11),
)
CASES["local response normalisation"] = (
    layers(
        *("lrn", ("conv", 12, 3, 1, 1), "relu", "lrn", ("maxpool", 2), ("conv", 9, 3, 1, 1), ("lrn", 3, 1.0, 0.1, 0.6)),
        *("relu", ("dense", 10)),
    ),
    (3, 9, 11),
)
CASES["the others"] = (
    layers(("conv", 4, 3), "identity", ("avgpool", 2), ("dense", 12), "step", ("dense", 10)),
    (1, 9, 7),
)
CASES["unpooled"] = (
    layers(("conv", 4, 3), "relu", ("conv", 4, 3), "relu", "flatten", ("dropconnect", 20), "maxout"),
    (1, 9, 7),
)

SLOW = {name for name in CASES if name.startswith(("deep", "alexnet", "g", "l2", "local"))}  # to compile
EVERY = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CASES]


def planned(name, backend, samples=21):
    """The plan of one batch of a network, and its gradients."""
    made, shape = CASES[name]
    network = Network(made, shape)
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 50).astype(np.int32)
    images = random.integers(0, 256, (50, *shape)).astype(np.uint8)
    data = Samples(x=images, labels=labels, targets=np.eye(10, dtype=np.float32)[labels])
    ops = kernels.backend(backend)
    parameters, gradients = ops.zeros((network.size,)), ops.zeros((network.size,))
    network.start(parameters, INITIALISERS["he"](), 0)
    arrays = parameters, ops.zeros((network.statistics_size,)), gradients
    plan = Plan(network, ops, data, (1 / 255, 0.0), LOSSES["softmax_ce"](), samples, *arrays)
    plan.rows[:] = np.arange(samples)
    plan.script.line.keys[:] = 12345
    gradients[:] = np.nan
    return plan, gradients


def trained(name, backend):
    """Loss, output and gradients of one batch of a network."""
    plan, gradients = planned(name, backend)
    plan.run()
    return plan.total.copy(), plan.outputs(), gradients


@pytest.mark.parametrize("name", EVERY)
def test_threads_do_not_change_a_bit(name):
    found = set()
    for threads in THREADS:
        kernels.set_threads(threads)
        found.add(b"".join(array.tobytes() for array in trained(name, "cpu")))
    kernels.set_threads(1)
    assert len(found) == 1


@pytest.mark.parametrize("name", EVERY)
def test_a_whole_batch_follows_the_float64_reference(name):
    for found, wanted in zip(trained(name, "cpu"), trained(name, "reference"), strict=True):
        assert np.linalg.norm(found - wanted) < 3e-6 * np.linalg.norm(wanted)


@pytest.mark.parametrize("name", EVERY)
def test_all_kernels_say_what_they_write(name):
    plan, _ = planned(name, "cpu")
    called = [kernel for call in plan.calls if isinstance(call, Together) for kernel in call.calls]
    assert all(kernel.run.writes for kernel in called)
    for kernel in called:
        kernel()  # see conftest


def test_every_preset_is_tested():
    large = {"alexnet"}  # of which alexnet_small has the build
    assert {name.split()[0] for name in PRESET_CASES} == set(PRESETS) - large


def test_every_layer_is_tested():
    assert {layer.type_name for made, _ in CASES.values() for layer in made} == set(LAYERS)
