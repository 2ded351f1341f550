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
