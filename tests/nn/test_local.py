"""Locally connected layers on both backends: loops, neighbours in a network, counts of the lecture, what is watched."""

import numpy as np
import pytest

from dlab.errors import ShapeError
from dlab.nn.network import place
from dlab.nn.stage import join
from dlab.nn.summary import summarise
from dlab.registry import LAYERS
from tests.kernels.arrays import numbers
from tests.nn.alone import Alone
from tests.oracles import local as oracle

Local, Conv = LAYERS["local_conv"], LAYERS["conv"]


def check(found, wanted, tolerance=2e-6):
    assert found.shape == wanted.shape
    assert np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted)


@pytest.mark.parametrize("backend", ["reference", "cpu"])
@pytest.mark.parametrize(("kernel", "stride", "pad"), [(3, 1, 1), (2, 2, 0), (3, 2, 2), (1, 1, 0)])
def test_each_position_has_its_own_weights(backend, kernel, stride, pad):
    x, layer = numbers(17, 2, 5, 6), Local(4, kernel, stride, pad)
    shapes = layer.parameters(x.shape[1:])
    w, b = (numbers(*shapes[name].shape) for name in ("weight", "bias"))
    dy = numbers(17, *layer.output_shape(x.shape[1:]), seed=1)
    alone = Alone(layer, x, backend, margin=2, weight=w, bias=b)
    dw, db = oracle.weight_gradient(x, dy, w.shape, stride, pad)
    check(alone.forward(), oracle.forward(x, w, b, stride, pad))
    check(alone.backward(dy), oracle.data_gradient(dy, w, x.shape, stride, pad))
    check(alone.stage.gradients["weight"], dw)
    check(alone.stage.gradients["bias"], db)


def test_thirty_filters_of_the_lecture():
    """L4: 780 shared parameters, 449,280 where nothing is shared, as many multiply-adds."""
    rows = [summarise(place((layer(30, 5),), (1, 28, 28)))[0] for layer in (Conv, Local)]
    assert [row.parameters for row in rows] == [780, 449_280]
    assert [row.shape for row in rows] == [(30, 24, 24)] * 2
    assert [row.multiply_adds for row in rows] == [24 * 24 * 30 * 25] * 2
    assert [(row.kernel, row.stride, row.pad, row.receptive_field) for row in rows] == [(5, 1, 0, 5)] * 2
    weights = [layer(30, 5).parameters((1, 28, 28))["weight"] for layer in (Conv, Local)]
    assert [(weight.fan_in, weight.fan_out) for weight in weights] == [(25, 750)] * 2


def test_a_unit_is_one_output():
    w = numbers(3, 2, 2, 1, 1, 4)
    rows = Local(4, 1).by_unit(w)
    assert rows.shape == (24, 2)
    assert np.array_equal(rows[4 * (2 * 1 + 1) + 3], w[1, 1, :, 0, 0, 3])


def test_it_absorbs_a_rectifier_and_no_pooling():
    layers = Local(4, 3), LAYERS["relu"](), LAYERS["maxpool"](2), Local(4, 2, bias=False)
    stages = join(place(layers, (1, 9, 9)))
    assert [(stage.node.name, stage.slope, stage.pooled) for stage in stages] == [
        ("local_conv1", 0.0, False),
        ("maxpool1", 1.0, False),
        ("local_conv2", 1.0, False),
    ]


def test_vectors_are_refused():
    with pytest.raises(ShapeError, match="local_conv needs an image"):
        Local(3, 2).output_shape((4,))
