"""Pooling: loops, slopes, the adjoint, ties, and the lectures' examples."""

import numpy as np
import pytest

from dlab.kernels.pooling import reference as pooling
from dlab.layout import window_count
from tests.kernels.arrays import check_close, image, numbers, poison
from tests.oracles import pooling as oracle
from tests.oracles.differences import slopes

#        N  C  H  W  window  stride  P
CASES = [
    (2, 3, 4, 4, (2, 2), (2, 2), 0),
    (1, 2, 5, 7, (2, 2), (2, 2), 0),
    (2, 1, 5, 5, (3, 3), (2, 2), 0),
    (1, 2, 6, 4, (3, 3), (1, 1), 1),
    (2, 2, 5, 4, (2, 2), (1, 1), 1),
    (1, 1, 7, 7, (2, 2), (3, 3), 0),
    (1, 3, 4, 5, (1, 1), (1, 1), 0),
    (2, 2, 3, 3, (3, 3), (3, 3), 0),
    (2, 3, 3, 5, (3, 5), (1, 1), 0),
    (1, 2, 6, 5, (3, 1), (3, 1), 0),
    (1, 2, 7, 6, (2, 3), (1, 2), 1),
]
HALVES, STEPS, WHOLE = ((2, 2), (2, 2), 0), ((3, 3), (1, 1), 0), ((4, 4), (1, 1), 0)
sizes = pytest.mark.parametrize(("n", "c", "h", "v", "kernel", "stride", "pad"), CASES)


def output(x, kernel, stride, pad):
    return *x.shape[:2], *(window_count(size, kernel[a], stride[a], pad) for a, size in enumerate(x.shape[2:]))


def maximum(x, *window):
    y, code = poison(*output(x, *window)), poison(*output(x, *window), dtype=np.int32)
    pooling.max_forward(x, y, code, *window)()
    return y, code


def maximum_back(dy, code, shape, *window):
    dx = poison(*shape)
    pooling.max_backward(dy, code, dx, *window)()
    return dx


def average(x, *window):
    y = poison(*output(x, *window))
    pooling.average_forward(x, y, *window)()
    return y


def average_back(dy, shape, *window):
    dx = poison(*shape)
    pooling.average_backward(dy, dx, *window)()
    return dx


def length(x, *window):
    y = poison(*output(x, *window))
    pooling.l2_forward(x, y, *window)()
    return y


def length_back(dy, x, y, *window):
    dx = poison(*x.shape)
    pooling.l2_backward(dy, x, y, dx, *window)()
    return dx


def unpool(dy, y, code, shape, slope=1.0):
    du = poison(*shape)
    pooling.unpool(dy, y, code, du, slope)()
    return du


@sizes
def test_loops_say_the_same(n, c, h, v, kernel, stride, pad):
    x, window = numbers(n, c, h, v), (kernel, stride, pad)
    y, code = oracle.max_forward(x, *window)
    dy = numbers(*y.shape, seed=1)
    for found, wanted in zip(maximum(x, *window), (y, code), strict=True):
        check_close(found, wanted, 0)
    check_close(maximum_back(dy, code, x.shape, *window), oracle.max_backward(dy, code, x.shape, *window))
    check_close(average(x, *window), oracle.average_forward(x, *window))
    check_close(average_back(dy, x.shape, *window), oracle.average_backward(dy, x.shape, *window))
    check_close(length(x, *window), oracle.l2_forward(x, *window))
    wide = oracle.l2_forward(x, *window)
    check_close(length_back(dy, x, wide, *window), oracle.l2_backward(dy, x, wide, *window))


@sizes
def test_gradients_are_slopes_and_adjoints(n, c, h, v, kernel, stride, pad):
    x, window = numbers(n, c, h, v), (kernel, stride, pad)
    y, code = maximum(x, *window)
    dy = numbers(*y.shape, seed=1)
    most = maximum_back(dy, code, x.shape, *window)
    mean = average_back(dy, x.shape, *window)
    check_close(most, slopes(lambda: np.sum(maximum(x, *window)[0] * dy), x), 1e-8)
    check_close(mean, slopes(lambda: np.sum(average(x, *window) * dy), x), 1e-8)
    root = length_back(dy, x, length(x, *window), *window)
    check_close(root, slopes(lambda: np.sum(length(x, *window) * dy), x), 1e-8)
    outputs = y, average(x, *window), length(x, *window)  # all of degree one: <x, dx> = <y, dy>
    check_close([np.sum(x * most), np.sum(x * mean), np.sum(x * root)], [np.sum(f * dy) for f in outputs])


@pytest.mark.parametrize("slope", [1.0, 0.0, 0.1])
@pytest.mark.parametrize("size", [(4, 4), (5, 7), (3, 2)])
def test_unpool_is_maximum_and_rectifier_backwards(size, slope):
    u = numbers(2, 3, *size)
    y, code = maximum(np.where(u > 0, u, slope * u), *HALVES)
    dy = numbers(*y.shape, seed=1)
    du = unpool(dy, y, code.astype(np.uint8), u.shape, slope)
    check_close(du, oracle.unpool(dy, y, code, u.shape, slope), 0)
    check_close(du, slopes(lambda: np.sum(maximum(np.where(u > 0, u, slope * u), *HALVES)[0] * dy), u), 1e-8)


def test_unpool_leaves_an_odd_edge_at_zero():
    du = unpool(*np.ones((2, 1, 1, 1, 1)), np.zeros((1, 1, 1, 1), np.uint8), (1, 1, 3, 3))
    check_close(du, image([[1, 0, 0], [0, 0, 0], [0, 0, 0]]), 0)


@pytest.mark.parametrize(("window", "first"), [(HALVES, 0), (((3, 3), (1, 1), 1), 4)])
def test_the_first_of_equal_maxima_wins(window, first):
    y, code = maximum(np.zeros((1, 1, 4, 4)), *window)
    assert np.all(y == 0)
    assert code[0, 0, 0, 0] == first  # padding never wins


def test_padding_never_wins_against_negative_pixels():
    y, _ = maximum(np.full((1, 1, 4, 4), -5.0), (3, 3), (1, 1), 1)
    check_close(y, np.full((1, 1, 4, 4), -5.0), 0)


A0 = image([[51, 70, 12, 52], [12, 36, 1, 47], [82, 61, 73, 92], [3, 58, 27, 20]])
A1 = image([[28, 41, 52, 7], [30, 3, 24, 17], [39, 56, 1, 64], [50, 51, 74, 62]])
DY = image([[1, 2], [3, 4]])


def test_forward_t16():
    check_close(maximum(A0, *HALVES)[0], image([[70, 52], [82, 92]]), 0)
    check_close(average(A0, *HALVES), image([[42.25, 28], [51, 53]]), 0)
    assert [maximum(a, *WHOLE)[0].item() for a in (A0, A1)] == [92, 74]
    assert [average(a, *WHOLE).item() for a in (A0, A1)] == [43.5625, 37.4375]


@pytest.mark.parametrize(
    ("window", "errors"),
    [(HALVES, {(0, 1): 1, (0, 3): 2, (2, 0): 3, (2, 3): 4}), (STEPS, {(2, 0): 4, (2, 3): 6})],
)
def test_max_backward_t17(window, errors):
    wanted = np.zeros((1, 1, 4, 4))
    for place, error in errors.items():
        wanted[0, 0, *place] = error
    check_close(maximum_back(DY, maximum(A0, *window)[1], A0.shape, *window), wanted, 0)


def test_l2_pooling_t16():
    check_close(length(A0, *HALVES), image([[94.556861, 71.119618], [117.549989, 122.155638]]), 1e-8)
    check_close(length(image([[3, 0], [0, -4]]), *HALVES), image([[5]]), 0)
    dx = length_back(image([[10]]), image([[3, 0], [0, -4]]), image([[5]]), *HALVES)
    check_close(dx, image([[6, 0], [0, -8]]), 1e-15)


def test_the_gradient_of_a_length_of_zero_is_zero():
    x = np.zeros((1, 1, 4, 4))
    check_close(length_back(DY, x, length(x, *HALVES), *HALVES), x, 0)


def test_average_backward_t17():
    check_close(average_back(DY, A0.shape, *HALVES)[0, 0], np.kron([[0.25, 0.5], [0.75, 1]], np.ones((2, 2))), 0)


@pytest.mark.parametrize(
    ("place", "pooled"), [((0, 0), [[9, 0], [0, 0]]), ((1, 1), [[9, 0], [0, 0]]), ((0, 2), [[0, 9], [0, 0]])]
)
def test_small_shifts_do_not_matter_t21(place, pooled):
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, *place] = 9
    check_close(maximum(x, *HALVES)[0], image(pooled), 0)
