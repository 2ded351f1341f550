"""Batches gathered into lanes."""

import numpy as np
import pytest

from tests.kernels.fast import REFERENCE, SAMPLES


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(2, 5, 21), (1, 3, 7)])
def test_gather_packs_any_width(fast, kind, shape):
    data = (np.random.default_rng(0).random((30, int(np.prod(shape)))) * 255).astype(kind)
    rows = np.random.default_rng(1).integers(0, 30, SAMPLES)
    x, buffer = np.empty((SAMPLES, *shape)), fast.ops.buffer(shape, SAMPLES, 1)
    REFERENCE.gather.pack(data, rows, x, 0.5, -1.0)()
    fast.ops.gather.pack(data, rows, buffer.view(), 0.5, -1.0)()
    fast.check(buffer.view(), x)
    assert not fast.beyond(buffer.view()).any()
    assert not buffer.whole[:, :, 0].any()  # the margin stays zero


@pytest.mark.parametrize(("shape", "kind"), [((), np.int32), ((10,), np.float32)])
def test_take_copies_labels_and_targets(fast, shape, kind):
    source = (100 * np.random.default_rng(0).random((30, *shape))).astype(kind)
    rows = np.random.default_rng(1).integers(0, 30, SAMPLES)
    out = np.full((SAMPLES, *shape), 99, kind)
    call = fast.ops.gather.take(source, rows, out)
    call()
    assert np.array_equal(out, source[rows])
    rows[:] = rows[::-1].copy()  # which rows is read at each call
    call()
    assert np.array_equal(out, source[rows])


def test_pack_reads_its_rows_at_each_call(fast):
    data, rows = np.arange(60, dtype=np.uint8).reshape(30, 2), np.arange(SAMPLES) % 30
    buffer = fast.ops.buffer((2,), SAMPLES)
    call = fast.ops.gather.pack(data, rows, buffer.flat(), 1.0, 0.0)
    call()
    rows[:] = 29 - rows
    call()
    fast.check(buffer.flat(), data[rows].astype(float))
