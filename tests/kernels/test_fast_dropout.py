"""Dropout on lanes: the masks of the reference."""

import numpy as np
import pytest

from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES


def test_dropout_draws_the_reference_mask(fast):
    x, key, y = numbers(SAMPLES, 2, 3, 5), np.array([77], np.uint32), np.empty((SAMPLES, 2, 3, 5))
    REFERENCE.dropout.apply(x, y, key, 0.3, 2.0)()
    found = fast.room(2, 3, 5)
    fast.ops.dropout.apply(fast.lanes(x).view(), found, key, 0.3, 2.0)()
    fast.check(found, y)
    fast.ops.dropout.scale_by(fast.lanes(x).view(), found, 0.7)()
    fast.check(found, 0.7 * x)


@pytest.mark.parametrize("shape", [(1, 1), (7, 100), (33, 5)])
def test_dropped_weights_are_the_reference_mask(fast, shape):
    w, key, kept = numbers(*shape), np.array([77], np.uint32), np.empty(shape)
    found = np.full(shape, np.nan, np.float32)
    REFERENCE.dropout.drop_weights(w, kept, key, 0.4)()
    fast.ops.dropout.drop_weights(w.astype(np.float32), found, key, 0.4)()
    assert np.array_equal(found, kept.astype(np.float32))
