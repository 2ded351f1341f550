"""Backpropagation against central differences in networks of layers that see a part of their neighbourhood."""

import numpy as np
import pytest

from dlab.registry import LAYERS
from dlab.training.gradients import GradientCheck
from tests.training.trainers import trainer

Conv, Local, LRN, MaxPool = (LAYERS[name] for name in ("conv", "local_conv", "lrn", "maxpool"))
ReLU, LeakyReLU, Tanh, Dense = (LAYERS[name] for name in ("relu", "leaky_relu", "tanh", "dense"))
NETWORKS = {
    "groups": (Conv(4, 3, pad=1), ReLU(), Conv(6, 3, groups=2), ReLU(), MaxPool(2), Conv(6, 2, groups=6)),
    "local filters": (Local(3, 3), ReLU(), Local(4, 2, 2, 1), Tanh(), Local(2, 1), LeakyReLU(0.1)),
    "local response": (LRN(3, 1.0, 0.5, 0.6), Conv(4, 3), ReLU(), LRN(5, 1.0, 0.5), MaxPool(2)),
    "all": (Conv(4, 3, pad=1), ReLU(), LRN(5, 1.0, 0.5), Conv(4, 3, groups=2), LRN(), Local(2, 3), LeakyReLU(0.1)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_both_ways_agree(name):
    made = trainer(layers=(*NETWORKS[name], Dense(3)), ops="reference")
    made.parameters += 0.1 * np.random.default_rng(1).normal(size=made.parameters.size)  # off the rectifiers' kinks
    check = GradientCheck(made.network, made.data, made.spec)
    check.parameters[:] = made.parameters
    assert max(row.error for row in check.rows()) < 1e-6
