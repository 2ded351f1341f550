"""Pooling on lane blocks against the float64 reference, on odd shapes, partial blocks and every kind of window."""

import numpy as np
import pytest

from tests.kernels.arrays import numbers
from tests.kernels.test_cpu_operations import CPU, REFERENCE, SAMPLES, check_close, lanes, room

WINDOWS = [
    ((2, 2), (2, 2), 0),
    ((3, 3), (2, 2), 0),
    ((3, 3), (1, 1), 1),
    ((4, 4), (3, 3), 2),
    ((2, 2), (4, 4), 0),
    ((9, 10), (1, 1), 0),
    ((3, 1), (3, 1), 0),
    ((1, 4), (2, 3), 0),
]


@pytest.mark.parametrize(("window", "stride", "pad"), WINDOWS)
def test_pooling(window, stride, pad):
    x, sizes = numbers(SAMPLES, 2, 9, 10), (window, stride, pad)
    shape = (SAMPLES, 2, *((size + 2 * pad - m) // s + 1 for size, m, s in zip((9, 10), window, stride, strict=True)))
    y, code, dx, dy = np.empty(shape), np.empty(shape, np.int32), np.empty_like(x), numbers(*shape, seed=1)
    lane_x, lane_dy = lanes(x, 1).view(), lanes(dy).view()
    found, codes, back = room(*shape[1:]), room(*shape[1:], kind=np.int32), room(2, 9, 10)
    for name in ("max", "average"):
        places = (code,) if name == "max" else ()
        lane_places = (codes,) if name == "max" else ()
        getattr(REFERENCE.pooling, f"{name}_forward")(x, y, *places, *sizes)()
        getattr(REFERENCE.pooling, f"{name}_backward")(dy, *places, dx, *sizes)()
        getattr(CPU.pooling, f"{name}_forward")(lane_x, found, *lane_places, *sizes)()
        getattr(CPU.pooling, f"{name}_backward")(lane_dy, *lane_places, back, *sizes)()
        check_close(found, y)
        check_close(back, dx)
    assert np.array_equal(CPU.read(codes, SAMPLES), code)
    REFERENCE.pooling.l2_forward(x, y, *sizes)()
    REFERENCE.pooling.l2_backward(dy, x, y, dx, *sizes)()
    CPU.pooling.l2_forward(lane_x, found, *sizes)()
    CPU.pooling.l2_backward(lane_dy, lane_x, found, back, *sizes)()
    check_close(found, y)
    check_close(back, dx)
    assert not back[1, ..., 3:].any()  # padding lanes have length 0, and no quotient by it


def test_the_first_of_equal_maxima_wins_and_so_do_infinities():
    x = np.zeros((SAMPLES, 1, 4, 4))
    x[1], x[2, 0, 1, 1] = -np.inf, np.inf
    y, code = room(1, 2, 2), room(1, 2, 2, kind=np.int32)
    CPU.pooling.max_forward(lanes(x).view(), y, code, (2, 2), (2, 2), 0)()
    wanted = np.zeros((SAMPLES, 1, 2, 2))
    wanted[1], wanted[2, 0, 0, 0] = -np.inf, np.inf
    assert np.array_equal(CPU.read(y, SAMPLES), wanted)
    assert np.array_equal(CPU.read(code, SAMPLES), np.where(wanted == np.inf, 3, 0))
