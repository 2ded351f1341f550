"""Every layer, preset and optimizer has its CUDA side, or says why it has none."""

import pytest

from dlab.nn.network import Network
from dlab.registry import LAYERS, OPTIMIZERS
from tests.gpu import plans
from tests.kernels.test_same_bits import CASES

WITHOUT: dict[str, str] = {}  # a layer or an optimizer that runs on the processor alone, and why
SMALL = Network(plans.layers(("dense", 10)), (1, 3, 3))


@pytest.mark.parametrize("case", CASES)
def test_every_layer_makes_a_plan_of_launches_alone(case):
    made, shape = CASES[case]
    if not {layer.type_name for layer in made} & set(WITHOUT):
        assert plans.launches(Network(made, shape), 35)


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_every_optimizer_makes_a_plan_of_launches_alone(name):
    if name not in WITHOUT:
        assert plans.launches(SMALL, 35, OPTIMIZERS[name]())


def test_reasons_are_for_what_there_is():
    assert set(WITHOUT) <= {*LAYERS, *OPTIMIZERS}
    assert all(len(reason) > 20 for reason in WITHOUT.values())
