"""AlexNet and its variants against the lectures' table and the paper's numbers (T22, T24, errata E05, E06)."""

import json

import pytest

from dlab.layout import volume
from dlab.nn.layers.lrn import LocalResponseNormalisation
from dlab.nn.network import LayerFault, Network, place
from dlab.nn.summary import summarise
from dlab.registry import LAYERS, PRESETS

IMAGE, CLASSES = (3, 227, 227), 1000
CONV, POOL = "conv", "maxpool"
TABLE = [  # kind, kernel, stride, pad, activation, shape, parameters, receptive field
    (CONV, 11, 4, 0, "relu", (96, 55, 55), 34_944, 11),
    (POOL, 3, 2, 0, "", (96, 27, 27), 0, 19),
    (CONV, 5, 1, 2, "relu", (256, 27, 27), 614_656, 51),
    (POOL, 3, 2, 0, "", (256, 13, 13), 0, 67),
    (CONV, 3, 1, 1, "relu", (384, 13, 13), 885_120, 99),
    (CONV, 3, 1, 1, "relu", (384, 13, 13), 1_327_488, 131),
    (CONV, 3, 1, 1, "relu", (256, 13, 13), 884_992, 163),
    (POOL, 3, 2, 0, "", (256, 6, 6), 0, 195),
]


def table(**options):
    return summarise(place(PRESETS["alexnet"](**options).layers(IMAGE, CLASSES), IMAGE))


def totals(rows):
    return sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)


def test_the_table_is_the_lectures():
    rows = table()
    found = [
        (row.kind, row.kernel, row.stride, row.pad, row.activation, row.shape, row.parameters, row.receptive_field)
        for row in rows[:8]
    ]
    assert found == TABLE
    dense = [(row.shape, row.parameters, row.activation) for row in rows if row.kind == "dense"]
    assert dense == [((4096,), 37_752_832, "relu"), ((4096,), 16_781_312, "relu"), ((1000,), 4_097_000, "")]
    assert [row.kind for row in rows[8:]] == ["flatten", "dense", "dropout", "dense", "dropout", "dense"]
    assert rows[8].shape == (6 * 6 * 256,) == (9216,)


def test_the_totals_are_the_lectures():
    assert totals(table()) == (62_378_344, 1_135_256_096)
    assert totals(table(groups=2)) == (60_965_224, 724_406_816)
    assert totals(row for row in table() if row.kind == CONV)[0] == 3_747_200
    grouped = [row.parameters for row in table(groups=2) if row.kind == CONV]
    assert grouped == [34_944, 307_456, 885_120, 663_936, 442_624]


def test_what_the_notes_say_is_so():
    notes = " ".join(PRESETS["alexnet"].notes)
    assert all(f"E0{number}" in notes for number in (4, 5, 6))
    assert f"{9216 * 9216 + 9216:,} parameters more" in notes
    assert "23x23" in notes
    assert LAYERS["conv"](256, 5).output_shape((96, 27, 27)) == (256, 23, 23)
    assert (224 - 11) % 4 != 0 == (227 - 11) % 4
    assert LAYERS["conv"](96, 11, 4, 2).output_shape((3, 224, 224)) == (96, 55, 55)
    json.dumps(notes)


def test_normalisation_stands_behind_the_first_two_rectifiers():
    layers = PRESETS["alexnet"](lrn=True).layers(IMAGE, CLASSES)
    places = [index for index, layer in enumerate(layers) if isinstance(layer, LocalResponseNormalisation)]
    kinds = [[layer.type_name for layer in layers[at - 2 : at + 2]] for at in places]
    assert kinds == [["conv", "relu", "lrn", "maxpool"]] * 2
    assert layers[places[1] - 2].filters == 256
    assert totals(table(lrn=True))[0] == 62_378_344


@pytest.mark.parametrize(("shape", "last"), [((1, 28, 28), 256), ((1, 32, 32), 576), ((3, 32, 32), 576)])
def test_the_small_one_has_the_same_build(shape, last):
    small = place(PRESETS["alexnet_small"]().layers(shape, 10), shape)
    full = place(PRESETS["alexnet"]().layers(IMAGE, CLASSES), IMAGE)
    assert [node.layer.type_name for node in small] == [node.layer.type_name for node in full]
    assert next(node.output for node in small if node.layer.type_name == "flatten") == (last,)


def test_the_small_ones_parameters():
    assert Network(PRESETS["alexnet_small"]().layers((1, 28, 28), 10), (1, 28, 28)).size == 367_034


def test_alexnet_wants_images_that_are_large_enough():
    with pytest.raises(LayerFault, match="does not fit"):
        place(PRESETS["alexnet"]().layers((3, 32, 32), 10), (3, 32, 32))


def test_global_averages_save_the_first_dense_layers_weights():
    shape = (1, 28, 28)
    made = [Network(PRESETS["deep_convnet"](end=end).layers(shape, 10), shape) for end in ("flatten", "global_avgpool")]
    assert [network.size for network in made] == [123_552, 75_552]
    assert 123_552 - 75_552 == 50 * (64 * 4 * 4 - 64)


def test_weights_of_their_own_cost_576_times_as_many():
    rows = [summarise(place((LAYERS[kind](30, 5),), (1, 28, 28)))[0] for kind in ("conv", "local_conv")]
    assert [row.parameters for row in rows] == [780, 449_280]
    assert rows[0].multiply_adds == rows[1].multiply_adds == volume((30, 24, 24)) * 25
