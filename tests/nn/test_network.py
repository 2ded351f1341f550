"""Shapes, parameter counts, receptive fields and starting weights, against the lectures' tables."""

import numpy as np
import pytest

from dlab.layout import volume
from dlab.nn.layers.convolution import Convolution
from dlab.nn.layers.dense import Dense
from dlab.nn.layers.pooling import MaxPooling
from dlab.nn.layers.shaping import Flatten
from dlab.nn.network import LayerFault, Network, place
from dlab.nn.stage import join
from dlab.nn.summary import summarise
from dlab.registry import INITIALISERS, LAYERS, PRESETS


def network(preset, shape, outputs=10, **options):
    return Network(PRESETS[preset](**options).layers(shape, outputs), shape)


@pytest.mark.parametrize(
    ("preset", "options", "shape", "parameters"),
    [
        ("lenet", {}, (1, 32, 32), 61_706),
        ("lenet", {}, (1, 28, 28), 61_706),
        ("simple_convnet", {}, (1, 28, 28), 433_890),
        ("deep_convnet", {}, (1, 28, 28), 123_552),
        ("mlp", {"hidden": (40, 20)}, (1, 28, 28), 32_430),
        ("mlp", {"hidden": (40, 20), "normalize": "batch"}, (1, 28, 28), 32_430 + 120),
        ("mlp", {"hidden": (40, 20), "normalize": "layer"}, (1, 28, 28), 32_430 + 120),
        ("mlp", {"hidden": (100,) * 6}, (784,), 130_010),
        ("mlp", {"hidden": (100,) * 6, "dropout": 0.15, "dropconnect": 0.1}, (784,), 130_010),
        ("mlp", {"hidden": (40, 20), "activation": "maxout"}, (1, 28, 28), 785 * 80 + 41 * 40 + 21 * 10),
    ],
)
def test_parameter_counts_are_the_lectures(preset, options, shape, parameters):
    assert network(preset, shape, **options).size == parameters


def test_an_mlp_may_do_without_biases():
    made = network("mlp", (100,), hidden=(100,) * 5, bias=False)
    assert made.size == made.weights == 5 * 100 * 100 + 100 * 10


def test_perceptron_has_one_weight_an_input_and_a_bias():
    assert network("perceptron", (7,), outputs=1).size == 8


@pytest.mark.parametrize(  # T10, T11
    ("size", "kernel", "stride", "pad", "out"),
    [
        (6, 2, 1, 1, 7),
        (5, 3, 1, 0, 3),
        (5, 3, 2, 0, 2),
        (5, 3, 1, 1, 5),
        (28, 5, 1, 0, 24),
        (227, 11, 4, 0, 55),
        (224, 11, 4, 0, 54),
    ],
)
def test_output_sizes(size, kernel, stride, pad, out):
    layer = Convolution(3, kernel, stride, pad)
    assert layer.output_shape((2, size, size)) == (3, out, out)


def test_same_padding_keeps_the_size():
    assert Convolution(4, 5, pad="same").output_shape((1, 9, 7)) == (4, 9, 7)  # T12


def test_lenet_sizes_and_receptive_fields():
    rows = [row for row in summarise(network("lenet", (1, 32, 32)).nodes) if row.kind != "flatten"]
    assert [volume(row.shape) for row in rows] == [4704, 1176, 1600, 400, 120, 84, 10]  # T23
    assert [row.receptive_field for row in rows[:4]] == [5, 6, 14, 16]  # T22
    assert rows[0].activation == "relu"
    assert sum(row.multiply_adds for row in rows) == 416_520


def test_deep_convnet_receptive_fields():
    rows = summarise(network("deep_convnet", (1, 28, 28)).nodes)
    assert [row.receptive_field for row in rows[:9]] == [3, 5, 6, 10, 14, 16, 24, 32, 36]  # T22


def test_a_layer_that_does_not_fit_is_named():
    layers = (Convolution(4, 5), MaxPooling(2), Convolution(8, 7))
    with pytest.raises(LayerFault, match=r"kernel 7 does not fit the 4x4 input.*output of layer 2") as caught:
        place(layers, (1, 12, 12))
    assert (caught.value.index, caught.value.field) == (2, "kernel")


@pytest.mark.parametrize("layer", [Convolution(1, 3), MaxPooling(2)])
def test_image_layers_refuse_vectors(layer):
    with pytest.raises(LayerFault, match="needs an image"):
        place((Dense(5), layer), (4,))


def test_views_cover_the_flat_array_once_weights_first():
    net = network("lenet", (1, 28, 28))
    flat = np.zeros(net.size)
    for view in net.views(flat).values():
        view += 1
    assert (flat == 1).all()
    assert sum(view.size for (_, kind), view in net.views(flat).items() if kind == "weight") == net.weights


def test_normalisations_start_as_the_standard_score_and_are_never_penalised():
    net = Network((Convolution(3, 3), LAYERS["batchnorm"](), LAYERS["layernorm"](), Dense(2)), (2, 6, 5))
    flat, statistics = np.full(net.size, np.nan), np.full(net.statistics_size, np.nan)
    net.start(flat, INITIALISERS["he"](), 0)
    net.start_statistics(statistics)
    views, running = net.views(flat), net.statistics_views(statistics)
    assert {name: view.shape for name, view in running.items()} == {
        ("batchnorm1", k): (3,) for k in ("mean", "variance")
    }
    assert not running["batchnorm1", "mean"].any()
    assert (running["batchnorm1", "variance"] == 1).all()
    for layer, shape in (("batchnorm1", (3,)), ("layernorm1", (3, 4, 3))):
        assert views[layer, "gamma"].shape == views[layer, "beta"].shape == shape
        assert (views[layer, "gamma"] == 1).all()
        assert not views[layer, "beta"].any()
    assert net.weights == 3 * 2 * 9 + 2 * 36


def test_a_normalisation_has_a_line_of_its_own_and_keeps_the_receptive_field():
    layers = (Convolution(4, 3), LAYERS["batchnorm"](), LAYERS["relu"](), MaxPooling(2), Convolution(4, 3))
    rows = summarise(place(layers, (1, 12, 12)))
    assert [(row.name, row.activation, row.parameters) for row in rows[:2]] == [
        ("conv1", "", 40),
        ("batchnorm1", "relu", 8),
    ]
    assert [row.receptive_field for row in rows] == [3, 3, 4, 8]


@pytest.mark.parametrize("name", INITIALISERS.names())
def test_starting_weights_have_the_scale_they_promise(name):
    net, init = Network((Dense(400), Dense(300)), (500,)), INITIALISERS[name]()
    flat, again = np.zeros(net.size), np.zeros(net.size)
    net.start(flat, init, 3)
    net.start(again, init, 3)
    assert np.array_equal(flat, again)
    views = net.views(flat)
    for layer, fans in (("dense1", (500, 400)), ("dense2", (400, 300))):
        weight = views[layer, "weight"]
        assert weight.std() == pytest.approx(init.scale(*fans), rel=0.02)
        assert abs(weight.mean()) < 0.01 * (init.scale(*fans) or 1)
        assert not views[layer, "bias"].any()
    if name != "zero":
        net.start(again, init, 4)
        assert not np.array_equal(flat, again)


def test_stages_absorb_what_can_be_done_in_the_same_pass():
    stages = join(network("lenet", (1, 28, 28)).nodes)
    assert [stage.node.name for stage in stages] == ["conv1", "conv2", "dense1", "dense2", "dense3"]
    assert [(stage.slope, stage.pooled) for stage in stages] == [(0.0, True)] * 2 + [(0.0, False)] * 2 + [(1.0, False)]
    layers = (Convolution(2, 3), LAYERS["tanh"](), MaxPooling(2), MaxPooling(3, 1), Flatten(), Dense(3))
    names = [stage.node.layer.type_name for stage in join(place(layers, (1, 12, 12)))]
    assert names == ["conv", "tanh", "maxpool", "maxpool", "dense"]


def test_layers_without_weights_change_nobodys_start():
    shape, init = (1, 6, 6), INITIALISERS["he"]()
    plain = (LAYERS["dense"](5), LAYERS["relu"](), LAYERS["dense"](3))
    more = (LAYERS["flatten"](), LAYERS["dense"](5), LAYERS["dropout"](0.2), LAYERS["tanh"](), LAYERS["dense"](3))
    starts = []
    for layers in (plain, more):
        network = Network(layers, shape)
        starts.append(np.empty(network.size))
        network.start(starts[-1], init, 7)
    assert np.array_equal(*starts)
    assert len(np.unique(starts[0])) > 190
    layers = (Convolution(2, 3), LAYERS["batchnorm"](), LAYERS["relu"](), MaxPooling(2), Dense(3))
    assert [stage.node.layer.type_name for stage in join(place(layers, (1, 12, 12)))] == [
        "conv",
        "batchnorm",
        "maxpool",
        "dense",
    ]
