"""Random numbers that never change: shuffling, masks, starting weights and drawn data, as they were written down once.

NumPy may change its streams between versions (NEP 19): runs would then no longer be those of before, and this says so.
"""

import numpy as np
import pytest

from dlab.nn.network import Network
from dlab.registry import DATASETS, INITIALISERS, LAYERS
from dlab.training.batches import Batches
from dlab.training.randomness import MASK, WATCH, key, stream

ROWS = {
    "shuffle": [[6, 0, 2, 4], [3, 1, 7, 5], [9, 8], [8, 1, 4, 5]],
    "replacement": [[1, 4, 4, 1], [5, 6, 3, 8], [5, 5, 4, 9], [0, 9, 8, 1]],
}
WEIGHTS = {  # the first three of a convolution and of the dense layer behind it
    "gauss": ([-0.00782244, -0.00358925, 0.00153636], [-0.00812307, 0.00932153, -0.02262043]),
    "he": ([-0.36875334, -0.16919889, 0.07242475], [-0.40615335, 0.46607631, -1.13102138]),
    "xavier": ([-0.260748, -0.11964168, 0.05121203], [-0.28719378, 0.3295657, -0.79975289]),
    "xavier_glorot": ([-0.21289985, -0.09768703, 0.04181445], [-0.34636873, 0.39747122, -0.96453828]),
    "zero": ([0, 0, 0], [0, 0, 0]),
}
DRAWN = {
    "spiral": "6d9b7aea489de6f4728316fee9d84b5d449296c63a5b73e683d3d9d019a4d2c3",
    "prices": "796deabe7c19db2cecdb0dd3b1029c209273b31fd2be12c2d4d3741b4bbdc471",
    "noise": "94454c55f5bd562ad7d1fc42af8954ed514372bb71c07d3c583bb297ec18f61b",
    "noise-images": "2bff23adc59b8b62bf9387c5f84ecdf5c6fd33f50d1b658cabea9af5357d275c",
}


@pytest.mark.parametrize("sampling", list(ROWS))
def test_the_rows_of_the_first_batches(sampling):
    assert [Batches(10, 4, sampling, 7).rows(step).tolist() for step in range(4)] == ROWS[sampling]


def test_masks_and_streams():
    assert [key(7, MASK, layer, 5) for layer in (0, 1)] == [1854065042, 907749866]
    assert stream(7, WATCH, 2).integers(0, 1000, 4).tolist() == [585, 913, 167, 786]


@pytest.mark.parametrize("name", list(INITIALISERS))
def test_starting_weights(name):
    layers = LAYERS["conv"](2, 3), LAYERS["relu"](), LAYERS["flatten"](), LAYERS["dense"](3)
    network = Network(layers, (1, 4, 4))
    flat = np.ones(network.size, np.float32)
    network.start(flat, INITIALISERS[name](), 7)
    views = network.views(flat)
    for layer, wanted in zip(("conv1", "dense1"), WEIGHTS[name], strict=True):
        np.testing.assert_allclose(views[layer, "weight"].ravel()[:3], wanted, rtol=1e-6, atol=1e-8)
        assert not views[layer, "bias"].any()


@pytest.mark.parametrize("name", list(DRAWN))
def test_drawn_data(name):
    assert DATASETS[name]().load(7).sha256 == DRAWN[name]


def test_the_validation_split_of_digits():
    found = DATASETS["digits"](validation=0.2).load(7).sha256
    assert found == "cda3d6b9ab1974f9e841aecb39c23c83c5783cb3b62db92489d006321ee40625"
