"""Local filters on lanes: the reference, rubbish in the padding lanes, any threads, and sums of lanes."""

import numpy as np
import pytest
from numba import types

from dlab import kernels
from dlab.kernels.jit import floats, kernel
from dlab.kernels.lanes import load, store, total
from dlab.kernels.registers import put, tile, totals
from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES, Fast, on_cases

CPU = Fast(kernels.backend("cpu"))
CASES = [  # channels, filters, height, width, kernel, stride, pad
    (1, 6, 7, 6, 5, 1, 2),
    (3, 17, 6, 8, 3, 1, 1),
    (2, 30, 9, 7, 3, 2, 1),
    (2, 3, 10, 10, 2, 3, 0),
    (9, 16, 4, 5, 1, 1, 0),
    (7, 40, 5, 5, 3, 1, 2),
]


def arrays(case, samples=SAMPLES):
    """x, w, b, dy, rounded to float32."""
    C, K, H, W, F, S, P = case
    rows, columns = (H + 2 * P - F) // S + 1, (W + 2 * P - F) // S + 1
    w, b = numbers(rows, columns, C, F, F, K), numbers(rows, columns, K)
    x, dy = numbers(samples, C, H, W), numbers(samples, K, rows, columns, seed=1)
    return [array.astype(np.float32).astype(float) for array in (x, w, b, dy)]


def on_lanes(fast, case, rubbish=0.0):
    """y, dx, dw, db, with rubbish in the padding lanes of the input."""
    (x, w, b, dy), (S, P) = arrays(case), case[-2:]
    wide, errors = fast.lanes(x, P), fast.lanes(dy).view()
    fast.beyond(wide.view())[:] = rubbish
    w, b = (np.ascontiguousarray(array, np.float32) for array in (w, b))
    found = fast.room(*dy.shape[1:]), fast.room(*x.shape[1:]), np.full_like(w, np.nan), np.full_like(b, np.nan)
    fast.ops.local.forward(wide.view(P), w, b, found[0], S, 0.1)()
    fast.ops.local.data_gradient(errors, w, found[1], S, P, wide.view(), 0.1)()
    fast.ops.local.weight_gradient(wide.view(P), errors, found[2], found[3], S, SAMPLES)()
    return found


@on_cases(CASES, [(3, 40, 7, 6, 3, 2, 1)])
def test_it_follows_the_reference(fast, case):
    (x, w, b, dy), (S, P) = arrays(case), case[-2:]
    wide = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    wanted = np.empty(dy.shape), np.empty_like(x), np.empty_like(w), np.empty_like(b)
    REFERENCE.local.forward(wide, w, b, wanted[0], S, 0.1)()
    REFERENCE.local.data_gradient(dy, w, wanted[1], S, P, x, 0.1)()
    REFERENCE.local.weight_gradient(wide, dy, wanted[2], wanted[3], S)()
    found = on_lanes(fast, case)
    for here, right in zip(found, wanted, strict=True):
        fast.check(here, right)
    for here, again in zip(found[2:], on_lanes(fast, case, 1e3)[2:], strict=True):
        assert here.tobytes() == again.tobytes()


@pytest.mark.parametrize("samples", [1, 33, 97])
def test_any_number_of_blocks(samples):
    x, w, b, dy = arrays(CASES[1], samples)
    y, dw, db = np.empty(dy.shape), np.empty_like(w), np.empty_like(b)
    REFERENCE.local.forward(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), w, b, y)()
    REFERENCE.local.weight_gradient(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), dy, dw, db)()
    wide, made = CPU.lanes(x, 1).view(1), CPU.lanes(np.zeros(dy.shape)).view()
    gradients = np.empty_like(w, np.float32), np.empty_like(b, np.float32)
    CPU.ops.local.forward(wide, w.astype(np.float32), b.astype(np.float32), made)()
    CPU.ops.local.weight_gradient(wide, CPU.lanes(dy).view(), *gradients)()
    for found, wanted in zip((CPU.read(made, samples), *gradients), (y, dw, db), strict=True):
        CPU.check(found, wanted)


@pytest.mark.parametrize("case", [CASES[2], CASES[5]])
def test_threads_do_not_change_a_bit(case):
    found = set()
    for threads in (1, 2, 3, 4, 7):
        kernels.set_threads(threads)
        found.add(b"".join(array.tobytes() for array in on_lanes(CPU, case)))
    kernels.set_threads(1)
    assert len(found) == 1


def test_sixteen_sums_of_lanes_have_the_bits_of_each_alone():
    @kernel(floats(2), floats(1), floats(1), types.intp, parallel=False)
    def both(vectors, together, alone, count):
        room = tile(16)
        for v in range(16):
            put(room, v, load(vectors, (v,)))
        store(together, (0,), totals(room))
        for v in range(count):
            alone[v] = total(load(vectors, (v,)))

    vectors = (numbers(16, 16) * 10.0 ** numbers(16, 16, seed=1)).astype(np.float32)
    together, alone = np.empty(16, np.float32), np.empty(16, np.float32)
    both(vectors, together, alone, 16)
    assert together.tobytes() == alone.tobytes()
    np.testing.assert_allclose(together, vectors.sum(axis=1, dtype=np.float64), rtol=1e-4)
