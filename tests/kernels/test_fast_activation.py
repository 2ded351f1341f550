"""Activations on lanes against the float64 reference."""

import numpy as np
import pytest

from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES


@pytest.mark.parametrize("kind", ["rectify", "sigmoid", "tanh", "step"])
def test_activations_over_the_whole_range(fast, kind):
    x = np.concatenate([numbers(SAMPLES, 40), np.linspace(-100, 100, SAMPLES * 40).reshape(SAMPLES, 40)], axis=1)
    x[:, :3] = [0.0, 1e-6, -1e-6]
    y, dx, dy = np.empty_like(x), np.empty_like(x), numbers(SAMPLES, 80, seed=1)
    found, back = fast.room(80), fast.room(80)
    REFERENCE.activation.forward(kind, x.astype(np.float32).astype(float), y, 0.1)()
    fast.ops.activation.forward(kind, fast.lanes(x).view(), found, 0.1)()
    np.testing.assert_allclose(fast.read(found), y, rtol=1e-6, atol=1e-37)
    REFERENCE.activation.backward(kind, dy, y, dx, 0.1)()
    fast.ops.activation.backward(kind, fast.lanes(dy).view(), fast.lanes(y).view(), back, 0.1)()
    fast.check(back, dx)
