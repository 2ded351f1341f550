"""Dense layers on lanes against the float64 reference."""

import numpy as np
import pytest

from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (16, 10), (37, 23), (100, 40)])
def test_dense(fast, inputs, outputs):
    x, w, b = numbers(SAMPLES, inputs), numbers(outputs, inputs), numbers(outputs)
    dy = numbers(SAMPLES, outputs, seed=1)
    y, dx, dw, db = np.empty((SAMPLES, outputs)), np.empty_like(x), np.empty_like(w), np.empty_like(b)
    REFERENCE.dense.forward(x, w, b, y, 0.1)()
    REFERENCE.dense.data_gradient(dy, w, dx, x, 0.1)()
    REFERENCE.dense.weight_gradient(x, dy, dw, db)()
    lane_x, lane_dy, w32, b32 = fast.lanes(x).view(), fast.lanes(dy).view(), w.astype(np.float32), b.astype(np.float32)
    found = fast.room(outputs), fast.room(inputs), np.full_like(w32, np.nan), np.full_like(b32, np.nan)
    fast.ops.dense.forward(lane_x, w32, b32, found[0], 0.1)()
    fast.ops.dense.data_gradient(lane_dy, w32, found[1], lane_x, 0.1)()
    fast.ops.dense.weight_gradient(lane_x, lane_dy, found[2], found[3], SAMPLES)()
    for here, wanted in zip(found, (y, dx, dw, db), strict=True):
        fast.check(here, wanted)
