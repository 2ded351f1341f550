"""Gathering: loops, zeros beyond the batch, bytes and floats."""

import numpy as np
import pytest

from dlab.kernels.gather import reference as gather
from tests.kernels.arrays import check_close, margin, numbers, poison
from tests.oracles import gather as oracle

BYTES = np.arange(60, dtype=np.uint8).reshape(5, 12) * 4
ROWS = np.array([4, 0, 4], np.int64)


@pytest.mark.parametrize("data", [BYTES, numbers(5, 12), numbers(5, 12).astype(np.float32)], ids=lambda a: a.dtype.name)
@pytest.mark.parametrize("shape", [(3, 12), (5, 12), (3, 3, 2, 2), (6, 1, 3, 4)])
def test_loops_say_the_same(data, shape):
    x = poison(*shape)
    gather.pack(data, ROWS, x, 1 / 255, -0.5)()
    check_close(x, oracle.pack(data, ROWS, shape, 1 / 255, -0.5))


def test_rows_are_read_at_each_call():
    rows, x, out = ROWS.copy(), poison(3, 12), poison(3, dtype=np.int32)
    labels = np.array([7, 1, 2, 3, 9], np.int32)
    calls = gather.pack(BYTES, rows, x, 1.0, 0.0), gather.take(labels, rows, out)
    for wanted in ([4, 0, 4], [1, 2, 3]):
        rows[:] = wanted
        for call in calls:
            call()
        check_close(x, BYTES[wanted], 0)
        check_close(out, labels[wanted], 0)


def test_targets_are_taken_by_row():
    targets, out = numbers(5, 2), poison(3, 2)
    gather.take(targets, ROWS, out)()
    check_close(out, targets[ROWS], 0)


def test_the_margin_around_an_image_stays():
    wide = margin(poison(4, 1, 3, 4), 2)
    gather.pack(BYTES, ROWS, wide[:, :, 2:-2, 2:-2], 1.0, 0.0)()
    check_close(wide, margin(oracle.pack(BYTES, ROWS, (4, 1, 3, 4), 1.0, 0.0), 2), 0)
