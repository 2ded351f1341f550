"""Losses on lanes against the float64 reference."""

import numpy as np

from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES


def test_losses(fast):
    u, total, wanted = 20 * numbers(SAMPLES, 7), np.zeros(2, fast.total), np.zeros(2)
    labels = np.arange(SAMPLES, dtype=np.int32) % 7
    targets = np.eye(7, dtype=np.float32)[labels]
    for name, truth in (("softmax_cross_entropy", labels), ("squared_error", targets)):
        du, found = np.empty_like(u), fast.room(7)
        total[:], wanted[:] = 0, 0
        getattr(REFERENCE.loss, name)(u, truth, du, wanted)()
        getattr(fast.ops.loss, name)(fast.lanes(u).view(), truth, found, total)()
        fast.check(found, du)
        assert not fast.beyond(found).any()  # padding lanes learn nothing
        np.testing.assert_allclose(total, wanted, rtol=1e-6)
