"""DropConnect on both backends: loops, slopes, one mask a batch, the mean weights at inference."""

import numpy as np
import pytest

from dlab import kernels
from dlab.data.samples import Samples
from dlab.nn.network import Network, place
from dlab.nn.plan import Plan
from dlab.nn.stage import join
from dlab.nn.summary import summarise
from dlab.registry import INITIALISERS, LAYERS, LOSSES
from tests.kernels.arrays import numbers
from tests.nn.alone import Alone
from tests.oracles import dense as oracle
from tests.oracles.differences import slopes
from tests.oracles.dropout import drop_weights

SAMPLES = 19
backends = pytest.mark.parametrize("backend", ["reference", "cpu"])
DropConnect, Dense = LAYERS["dropconnect"], LAYERS["dense"]
W, B = numbers(6, 24), numbers(6)


def check(found, wanted, tolerance=3e-6):
    assert found.shape == wanted.shape
    assert np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted)


@backends
@pytest.mark.parametrize("shape", [(24,), (2, 3, 4)])
@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.8])
def test_both_directions_use_the_same_mask(backend, shape, ratio):
    x, dy = numbers(SAMPLES, *shape), numbers(SAMPLES, 6, seed=1)
    alone = Alone(DropConnect(6, ratio=ratio), x, backend, weight=W, bias=B)
    kept, flat = drop_weights(W, 7, ratio), x.reshape(SAMPLES, 24)
    mask = drop_weights(np.ones(W.shape), 7, ratio)
    dw, db = oracle.weight_gradient(flat, dy)
    check(alone.forward(), oracle.forward(flat, kept, B))
    check(alone.backward(dy).reshape(SAMPLES, 24), oracle.data_gradient(dy, kept))
    check(alone.stage.gradients["weight"], mask * dw)
    check(alone.stage.gradients["bias"], db)
    assert not alone.stage.gradients["weight"][mask == 0].any()


def test_gradients_are_slopes():
    alone = Alone(DropConnect(6, ratio=0.4), numbers(3, 24), weight=W, bias=B)
    dy, stage = numbers(3, 6, seed=1), alone.stage
    alone.forward()
    dx = alone.backward(dy)
    for array, gradient in (
        (stage.x.view(), dx),
        (stage.parameters["weight"], stage.gradients["weight"]),
        (stage.parameters["bias"], stage.gradients["bias"]),
    ):
        check(gradient, slopes(lambda: np.sum(alone.forward() * dy), array), 1e-8)


@backends
def test_a_new_key_is_a_new_mask(backend):
    alone = Alone(DropConnect(40), numbers(SAMPLES, 50), backend, weight=np.ones((40, 50)))
    masks = []
    for key in (1, 2):
        alone.stage.key[0] = key
        alone.forward()
        alone.backward(np.ones((SAMPLES, 40)))
        masks.append(alone.stage.kept.copy())
        assert np.array_equal(alone.stage.gradients["weight"] != 0, masks[-1] != 0)
    assert abs(np.mean(masks[0] == masks[1]) - 0.5) < 5 * 0.5 / np.sqrt(2000)
    assert abs(np.mean(masks) - 0.5) < 5 * 0.5 / np.sqrt(4000)


@backends
@pytest.mark.parametrize("shape", [(24,), (2, 3, 4)])
def test_inference_uses_the_mean_weights(backend, shape):
    x = numbers(SAMPLES, *shape)
    alone = Alone(DropConnect(6, ratio=0.3), x, backend, training=False, weight=W, bias=B)
    check(alone.forward(), oracle.forward(x.reshape(SAMPLES, 24), 0.7 * W, B))


def test_inference_is_the_mean_over_the_masks():
    x = numbers(1, 24)
    mean = Alone(DropConnect(6), x, training=False, weight=W, bias=B).forward()
    alone, total = Alone(DropConnect(6), x, weight=W, bias=B), 0.0
    for key in range(2000):
        alone.stage.key[0] = key
        total = total + alone.forward() / 2000
    deviation = np.linalg.norm(W * x, axis=1) * 0.5 / np.sqrt(2000)
    assert np.all(np.abs(total - mean) < 5 * deviation)


def test_it_joins_like_a_dense_layer():
    layers = DropConnect(7), LAYERS["relu"](), DropConnect(3, bias=False)
    assert [(s.node.name, s.slope) for s in join(place(layers, (5,)))] == [("dropconnect1", 0.0), ("dropconnect2", 1.0)]
    rows = summarise(place(layers, (5,)))
    assert [(row.parameters, row.multiply_adds) for row in rows] == [(42, 35), (21, 21)]


def test_a_network_of_them_agrees_with_dense_layers_when_nothing_drops():
    def gradients(layer):
        network = Network((layer(9), LAYERS["relu"](), layer(4)), (24,))
        ops, x = kernels.backend("cpu"), numbers(SAMPLES, 24).astype(np.float32)
        data = Samples(x=x, labels=np.arange(SAMPLES, dtype=np.int32) % 4, targets=None)
        parameters, found = ops.zeros((network.size,)), ops.zeros((network.size,))
        network.start(parameters, INITIALISERS["he"](), 0)
        plan = Plan(network, ops, data, (1.0, 0.0), LOSSES["softmax_ce"](), SAMPLES, parameters, found)
        plan.rows[:] = np.arange(SAMPLES)
        plan.run()
        return found.tobytes()

    assert gradients(lambda units: DropConnect(units, ratio=0.0)) == gradients(Dense)
