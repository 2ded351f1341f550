"""Losses on lanes against the float64 reference."""

import numpy as np

from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES, emulated


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


def test_the_first_of_equal_outputs_counts_and_evaluation_needs_no_gradient(fast):
    u, labels = np.zeros((SAMPLES, 7)), np.arange(SAMPLES, dtype=np.int32) % 7
    u[:, 3] = u[:, 5] = 1000.0
    total = np.full(2, 2.0, fast.total)
    fast.ops.loss.softmax_cross_entropy(fast.lanes(u).view(), labels, None, total)()
    missed = np.count_nonzero((labels != 3) & (labels != 5))
    np.testing.assert_allclose(
        total, [2 + 1000 * missed + SAMPLES * np.log(2), 2 + np.count_nonzero(labels == 3)], rtol=1e-6
    )


def test_more_samples_than_threads():
    """The one block does such a batch in turns."""
    fast, samples, classes = emulated("by chance"), 513, 3
    u, labels = 3 * numbers(samples, classes), np.arange(samples, dtype=np.int32) % classes
    du, total, found_total = np.empty_like(u), np.zeros(2), np.zeros(2, np.float32)
    for name, truth in (
        ("softmax_cross_entropy", labels),
        ("squared_error", np.eye(classes, dtype=np.float32)[labels]),
    ):
        found = np.full_like(fast.lanes(u).view(), np.nan)
        total[:], found_total[:] = 0, 0
        getattr(REFERENCE.loss, name)(u, truth, du, total)()
        getattr(fast.ops.loss, name)(fast.lanes(u).view(), truth, found, found_total)()
        fast.check(fast.read(found, samples), du)
        assert not found[..., samples:].any()
        np.testing.assert_allclose(found_total, total, rtol=1e-6)
