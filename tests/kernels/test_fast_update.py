"""Update, penalties and clip against the float64 reference; on the processor the same bits on any number of threads."""

from math import fsum, sqrt

import numpy as np
import pytest

from dlab import kernels
from dlab.kernels.update import cuda
from dlab.kernels.update.cpu import CHUNK
from dlab.registry import OPTIMIZERS
from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, emulated

CPU = kernels.backend("cpu")
OFF = (0.0, 0.0, 0.0, 3.0)
PENALTIES = [(0.01, 0.1, 0.0, 3.0), (0.0, 0.0, 0.2, 3.0), (0.01, 0.1, 0.2, 1.5)]
SIZES = [1, 37, CHUNK, 3 * CHUNK + 21]


@pytest.fixture(autouse=True)
def _one_thread():
    kernels.set_threads(1)
    yield
    kernels.set_threads(1)


@pytest.mark.parametrize(
    ("name", "penalty"),
    [*((name, OFF) for name in OPTIMIZERS), *(("sgd", p) for p in PENALTIES), ("adam", PENALTIES[2])],
)
def test_update_is_the_reference_rule(fast, name, penalty):
    size, penalised, optimizer = 5000, 4500, OPTIMIZERS[name]()
    coefficients = np.array(optimizer.coefficients(3), np.float32)
    w, g, m, extra, z = (np.abs(numbers(size, seed=s)) for s in range(5))
    arrays = [w, g, m, m * m + extra, 1 + z][: 2 + len(optimizer.start())]
    moved = [a.astype(np.float32) for a in arrays]
    REFERENCE.update.apply(optimizer.rule, *arrays[:2], arrays[2:], coefficients, penalised, *penalty)()
    fast.ops.update.apply(optimizer.rule, *moved[:2], moved[2:], coefficients, penalised, *penalty)()
    for found, wanted in zip(moved, arrays, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("size", SIZES)
def test_penalty_is_added(fast, size, penalty):
    w = numbers(size).astype(np.float32)
    cost, wanted = np.ones(1, fast.total), np.ones(1)
    REFERENCE.update.penalty(w.astype(float), size - size // 3, *penalty, wanted)()
    fast.ops.update.penalty(w, size - size // 3, *penalty, cost)()
    np.testing.assert_allclose(cost, wanted, rtol=1e-13 if fast.total is np.float64 else 1e-6)


def test_no_penalty_adds_nothing(fast):
    w, cost = np.ones(40, np.float32), np.ones(1, fast.total)
    fast.ops.update.penalty(w, 40, *OFF, cost)()
    fast.ops.update.penalty(w, 0, *PENALTIES[2], cost)()
    assert cost == 1


@pytest.mark.parametrize("size", SIZES)
def test_clip_is_numpy_s(fast, size):
    g = numbers(size).astype(np.float32)
    norm = sqrt(fsum(float(x) ** 2 for x in g))
    tolerance = 0 if fast.total is np.float64 else 1e-6
    for limit in (norm / 3, norm * 1.001):
        found = g.copy()
        call = fast.ops.update.clip(found, limit)
        call()
        np.testing.assert_allclose(found, g * np.float32(limit / norm) if limit < norm else g, rtol=tolerance)
        found[:] = 2 * g  # the call keeps nothing of the last step
        call()
        np.testing.assert_allclose(found, 2 * g * np.float32(limit / (2 * norm)), rtol=tolerance)


def test_long_arrays_have_long_chunks(monkeypatch):
    """With four chunks at most, sums and clip see every number once."""
    monkeypatch.setattr(cuda, "CHUNKS", 4)
    fast, g, square = emulated("by chance"), numbers(9 * CHUNK + 5).astype(np.float32), np.zeros(1, np.float32)
    fast.ops.update.penalty(g, g.size, 0.0, 2.0, 0.0, 3.0, square)()
    wanted = fsum(float(x) ** 2 for x in g)
    np.testing.assert_allclose(square, wanted, rtol=1e-6)
    found = g.copy()
    fast.ops.update.clip(found, 1.0)()
    np.testing.assert_allclose(found, g / sqrt(wanted), rtol=1e-6)


def test_threads_do_not_change_a_bit():
    start, gradient, found = numbers(SIZES[-1]).astype(np.float32), numbers(SIZES[-1], seed=1), set()
    for threads in (1, 2, 3, 4):
        kernels.set_threads(threads)
        w, g, m, cost = start.copy(), gradient.astype(np.float32), np.zeros_like(start), np.zeros(1)
        CPU.update.clip(g, 1.0)()
        CPU.update.penalty(w, 5000, *PENALTIES[2], cost)()
        CPU.update.apply("momentum", w, g, [m], np.array([0.1, 0.9], np.float32), 5000, *PENALTIES[2])()
        found.add(b"".join(array.tobytes() for array in (w, g, m, cost)))
    assert len(found) == 1


def test_a_power_has_the_same_bits_in_vector_lanes_and_alone():
    """A chunk's rest is done number by number, and NumPy says the same."""
    w = np.abs(numbers(CHUNK + 13)).astype(np.float32)
    moved = w.copy()
    CPU.update.apply("sgd", moved, np.zeros_like(w), [], np.ones(1, np.float32), w.size, 0.0, 0.0, 0.25, 3.5)()
    np.testing.assert_array_equal(moved, w - np.float32(0.25) * (np.sqrt(w) * w * w))
