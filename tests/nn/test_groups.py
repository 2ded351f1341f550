"""Grouped convolution: loops, a convolution whose other weights are zero, the lectures' AlexNet, depthwise."""

from dataclasses import replace

import numpy as np
import pytest

from dlab import kernels
from dlab.data.samples import Samples
from dlab.nn.network import Network, place
from dlab.nn.plan import Plan
from dlab.nn.summary import summarise
from dlab.registry import LAYERS, LOSSES
from tests.kernels.arrays import numbers
from tests.nn.alone import Alone
from tests.oracles import convolution as oracle
from tests.oracles.differences import slopes

SAMPLES = 19  # one full block and three lanes of another
Conv, ReLU, LeakyReLU, MaxPool = (LAYERS[name] for name in ("conv", "relu", "leaky_relu", "maxpool"))
backends = pytest.mark.parametrize("backend", ["reference", "cpu"])


def check(found, wanted, tolerance=2e-6):
    assert found.shape == wanted.shape
    assert np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted)


@backends
@pytest.mark.parametrize(
    ("channels", "filters", "groups", "kernel", "stride", "pad"),
    [(4, 6, 2, 3, 1, 1), (4, 4, 4, 3, 1, 0), (3, 6, 3, 3, 2, 1), (6, 4, 2, 2, 3, 0), (6, 6, 1, 1, 1, 0)],
)
def test_each_group_sees_its_own_channels(backend, channels, filters, groups, kernel, stride, pad):
    x, w = numbers(3, channels, 6, 7), numbers(filters, channels // groups, kernel, kernel)
    b, layer = numbers(filters), Conv(filters, kernel, stride, pad, groups=groups)
    dy = numbers(3, *layer.output_shape(x.shape[1:]), seed=1)
    alone = Alone(layer, x, backend, margin=2, weight=w, bias=b)
    dw, db = oracle.weight_gradient(x, dy, w.shape, stride, pad)
    check(alone.forward(), oracle.forward(x, w, b, stride, pad))
    check(alone.backward(dy), oracle.data_gradient(dy, w, x.shape, stride, pad))
    check(alone.stage.gradients["weight"], dw)
    check(alone.stage.gradients["bias"], db)


def test_gradients_are_slopes():
    w, b = numbers(6, 2, 3, 3), numbers(6)
    alone = Alone(Conv(6, 3, 2, 1, groups=2), numbers(2, 4, 5, 6), weight=w, bias=b)
    dy, stage = numbers(*alone.forward().shape, seed=1), alone.stage
    dx = alone.backward(dy)
    for array, gradient in (
        (stage.x.view(), dx),
        (stage.parameters["weight"], stage.gradients["weight"]),
        (stage.parameters["bias"], stage.gradients["bias"]),
    ):
        check(gradient, slopes(lambda: np.sum(alone.forward() * dy), array), 1e-8)


def seen(whole, groups):
    """The blocks of weights [K, C, ...] whose filters see their own group's channels, as views."""
    if groups == 1:
        return [whole]
    return [np.split(part, groups, 1)[g] for g, part in enumerate(np.split(whole, groups))]


def one_step(layers, shape, fill):
    """Outputs and gradients by name, of parameters that `fill` sets."""
    network, ops = Network(layers, shape), kernels.backend("cpu")
    data = Samples(
        x=numbers(SAMPLES, *shape).astype(np.float32), labels=np.arange(SAMPLES, dtype=np.int32) % 4, targets=None
    )
    parameters, gradients = ops.zeros((network.size,)), ops.zeros((network.size,))
    fill(network.views(parameters))
    arrays = parameters, ops.zeros((0,)), gradients
    plan = Plan(network, ops, data, (1.0, 0.0), LOSSES["softmax_ce"](), SAMPLES, *arrays)
    plan.rows[:] = np.arange(SAMPLES)
    plan.run()
    return plan.outputs(), network.views(gradients), network.views(parameters)


NETWORKS = {  # the groups of each convolution and what stands behind it; all ways in which a convolution can end
    "pooled first": ((2, Conv(6, 3), ReLU(), MaxPool()), (3, Conv(9, 3, pad=1), LeakyReLU(0.1))),
    "gated": ((1, Conv(6, 3, pad=1), ReLU()), (2, Conv(8, 3, pad=1), ReLU(), MaxPool()), (8, Conv(8, 2), ReLU())),
    "strided": ((2, Conv(8, 3, 2, 1), LeakyReLU(0.1)), (4, Conv(4, 3, 2, 1))),
    "many channels": (
        (2, Conv(32, 3), ReLU()),
        (2, Conv(64, 3, pad=1), ReLU(), MaxPool()),
        (2, Conv(32, 5, pad=2), ReLU(), MaxPool()),
    ),
    "many weights": ((1, Conv(128, 3), ReLU(), MaxPool()), (2, Conv(160, 5), ReLU()), (1, Conv(8, 1))),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_groups_are_a_convolution_whose_other_weights_are_zero(name):
    stages, tail, shape = NETWORKS[name], [LAYERS["dense"](4)], (2, 14, 13)
    counts = {(f"conv{number}", "weight"): groups for number, (groups, *_) in enumerate(stages, 1)}
    whole = [layer for _, *layers in stages for layer in layers]
    grouped = [layer for groups, conv, *rest in stages for layer in (replace(conv, groups=groups), *rest)]

    def start(views):
        for number, view in enumerate(views.values()):
            view[...] = 0.2 * numbers(*view.shape, seed=number)

    y, gradients, parameters = one_step(grouped + tail, shape, start)

    def spread(views):
        for key, view in views.items():
            groups = counts.get(key, 1)
            for own, part in zip(seen(view, groups), np.split(parameters[key], groups), strict=True):
                own[...] = part

    wanted, full, _ = one_step(whole + tail, shape, spread)
    check(y, wanted)
    for key, gradient in gradients.items():
        check(gradient, np.concatenate(seen(full[key], counts.get(key, 1))))


def test_two_groups_halve_weights_work_and_fans():
    shape, whole, halved = (96, 27, 27), Conv(256, 5, pad=2), Conv(256, 5, pad=2, groups=2)  # AlexNet's conv2
    assert whole.output_shape(shape) == halved.output_shape(shape) == (256, 27, 27)
    for layer, groups in ((whole, 1), (halved, 2)):
        weight = layer.parameters(shape)["weight"]
        assert weight.shape == (256, 96 // groups, 5, 5)
        assert (weight.fan_in, weight.fan_out) == (96 // groups * 25, 256 // groups * 25)
        assert layer.multiply_adds(shape) == 27 * 27 * 256 * 96 // groups * 25
    rows = [summarise(place((layer,), shape))[0] for layer in (whole, halved)]
    assert [row.parameters for row in rows] == [614_656, 307_456]
    assert [row.receptive_field for row in rows] == [5, 5]
