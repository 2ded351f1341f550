"""The layer of local response normalisation: both backends between margins, its place in a network's table."""

import numpy as np
import pytest

from dlab.errors import ShapeError
from dlab.nn.network import place
from dlab.nn.summary import summarise
from dlab.registry import LAYERS
from tests.kernels.arrays import numbers
from tests.nn.alone import Alone
from tests.oracles import lrn as oracle
from tests.oracles.differences import slopes

LRN = LAYERS["lrn"]


@pytest.mark.parametrize("backend", ["reference", "cpu"])
def test_margins_of_the_neighbours_stay_zero(backend):
    x, dy = 3 * numbers(17, 6, 4, 5), numbers(17, 6, 4, 5, seed=1)
    options = 5, 1.0, 0.2, 0.75
    alone, exact = Alone(LRN(*options), x, backend, margin=2), Alone(LRN(*options), x[:2])
    np.testing.assert_allclose(alone.forward(), oracle.forward(x, *options), rtol=2e-6)
    wanted = slopes(lambda: np.sum(exact.forward() * dy[:2]), exact.stage.x.view())
    np.testing.assert_allclose(alone.backward(dy)[:2], wanted, rtol=2e-6, atol=2e-6)
    for buffer in (alone.stage.y, alone.stage.dx):
        assert not buffer.whole[:, :, :2].any()


def test_lrn_keeps_the_shape_and_has_no_parameters():
    (row,) = summarise(place((LRN(),), (96, 55, 55)))
    assert (row.shape, row.parameters, row.receptive_field) == ((96, 55, 55), 0, 1)
    assert LRN() == LRN(n=5, k=2.0, alpha=1e-4, beta=0.75)


def test_vectors_are_refused():
    with pytest.raises(ShapeError, match="lrn needs an image"):
        LRN().output_shape((4,))
