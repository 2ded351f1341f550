"""Pooling on lanes against the float64 reference, on odd shapes, partial blocks and every kind of window."""

import numpy as np

from tests.kernels.arrays import numbers
from tests.kernels.fast import REFERENCE, SAMPLES

WINDOWS = [  # first one that leaves gaps, overlaps and stands over the border, then one that holds the whole image
    ((2, 5), (3, 2), 1),
    ((9, 10), (1, 1), 0),
    ((4, 4), (3, 3), 2),
    ((1, 4), (2, 3), 0),
    ((2, 2), (2, 2), 0),
    ((3, 3), (2, 2), 0),
    ((3, 3), (1, 1), 1),
    ((2, 2), (4, 4), 0),
    ((3, 1), (3, 1), 0),
]


def pooled(x, window, stride, pad):
    """The shape of what windows make of images."""
    sizes = zip(x.shape[2:], window, stride, strict=True)
    return (*x.shape[:2], *((size + 2 * pad - m) // s + 1 for size, m, s in sizes))


def test_maxima(fast):
    x = numbers(SAMPLES, 2, 9, 10)
    x[:, 1] = np.round(x[:, 1])  # ties
    for sizes in fast.few(WINDOWS, 2):
        y, code, dx = np.empty(pooled(x, *sizes)), np.empty(pooled(x, *sizes), np.int32), np.empty_like(x)
        found, codes, back = fast.room(*y.shape[1:]), fast.room(*y.shape[1:], kind=np.int32), fast.room(2, 9, 10)
        dy = numbers(*y.shape, seed=1)
        REFERENCE.pooling.max_forward(x, y, code, *sizes)()
        REFERENCE.pooling.max_backward(dy, code, dx, *sizes)()
        fast.ops.pooling.max_forward(fast.lanes(x, 1).view(), found, codes, *sizes)()
        fast.ops.pooling.max_backward(fast.lanes(dy, 2).view(), codes, back, *sizes)()
        assert np.array_equal(fast.read(found), y.astype(np.float32))
        assert np.array_equal(fast.read(codes), code)
        fast.check(back, dx)


def test_means(fast):
    x = numbers(SAMPLES, 2, 9, 10)
    for sizes in fast.few(WINDOWS, 1):
        y, dx, dy = np.empty(pooled(x, *sizes)), np.empty_like(x), numbers(*pooled(x, *sizes), seed=1)
        found, back = fast.room(*y.shape[1:]), fast.room(2, 9, 10)
        REFERENCE.pooling.average_forward(x, y, *sizes)()
        REFERENCE.pooling.average_backward(dy, dx, *sizes)()
        fast.ops.pooling.average_forward(fast.lanes(x, 1).view(), found, *sizes)()
        fast.ops.pooling.average_backward(fast.lanes(dy, 2).view(), back, *sizes)()
        fast.check(found, y)
        fast.check(back, dx)


def test_lengths(fast):
    x = numbers(SAMPLES, 2, 9, 10)
    for sizes in fast.few(WINDOWS, 1):
        y, dx, dy = np.empty(pooled(x, *sizes)), np.empty_like(x), numbers(*pooled(x, *sizes), seed=1)
        found, back = fast.room(*y.shape[1:]), fast.room(2, 9, 10)
        REFERENCE.pooling.l2_forward(x, y, *sizes)()
        REFERENCE.pooling.l2_backward(dy, x, y, dx, *sizes)()
        fast.ops.pooling.l2_forward(fast.lanes(x, 1).view(), found, *sizes)()
        fast.ops.pooling.l2_backward(fast.lanes(dy, 2).view(), fast.lanes(x, 1).view(), found, back, *sizes)()
        fast.check(found, y)
        fast.check(back, dx)
        assert not fast.beyond(back).any()  # padding lanes have length 0, and no quotient by it


def test_the_mean_of_a_thousand_numbers(fast):
    x, found = numbers(SAMPLES, 1, 32, 33), fast.room(1, 1, 1)
    fast.ops.pooling.average_forward(fast.lanes(x).view(), found, (32, 33), (1, 1), 0)()
    fast.check(found, x.mean(axis=(2, 3), keepdims=True), 1e-5)


def test_maxima_over_channels(fast):
    """Maxout: channels and rows exchanged, as views."""
    for shape in fast.few([(6, 4, 5), (6,)], 1):
        x, dy = numbers(SAMPLES, *shape), numbers(SAMPLES, 2, *shape[1:], seed=1)
        groups, sizes = x.reshape(SAMPLES, 2, 3, -1), ((3, 1), (3, 1), 0)
        wanted = np.where(groups == groups.max(axis=2, keepdims=True), dy.reshape(SAMPLES, 2, 1, -1), 0.0)
        y, dx = fast.lanes(dy), fast.lanes(x)
        lane_x, lane_dy, found, back = (
            buffer.image().swapaxes(1, 2) for buffer in (fast.lanes(x), fast.lanes(dy), y, dx)
        )
        codes = np.full(found.shape, 99, np.int32)
        fast.ops.pooling.max_forward(lane_x, found, codes, *sizes)()
        fast.ops.pooling.max_backward(lane_dy, codes, back, *sizes)()
        fast.check(y.view(), groups.max(axis=2).reshape(dy.shape))
        fast.check(dx.view(), wanted.reshape(x.shape))


def test_the_first_of_equal_maxima_wins_and_so_do_infinities(fast):
    x = np.zeros((SAMPLES, 1, 4, 4))
    x[1], x[2, 0, 1, 1] = -np.inf, np.inf
    y, code = fast.room(1, 2, 2), fast.room(1, 2, 2, kind=np.int32)
    fast.ops.pooling.max_forward(fast.lanes(x).view(), y, code, (2, 2), (2, 2), 0)()
    wanted = np.zeros((SAMPLES, 1, 2, 2))
    wanted[1], wanted[2, 0, 0, 0] = -np.inf, np.inf
    assert np.array_equal(fast.read(y), wanted)
    assert np.array_equal(fast.read(code), np.where(wanted == np.inf, 3, 0))


def test_errors_through_a_fused_maximum(fast):
    """Backward of the 2x2 maximum and rectifier; an odd last row or column is in no window."""
    for size in fast.few([(5, 6), (6, 4)], 1):
        shape = (SAMPLES, 2, size[0] // 2, size[1] // 2)
        dy, y, code = numbers(*shape), numbers(*shape, seed=1), np.random.default_rng(0).integers(0, 4, shape, np.uint8)
        du, found = np.empty((SAMPLES, 2, *size)), fast.room(2, *size)
        codes = fast.lanes(code).view().astype(np.uint8)
        REFERENCE.pooling.unpool(dy, y, code, du, 0.1)()
        fast.ops.pooling.unpool(fast.lanes(dy).view(), fast.lanes(y).view(), codes, found, 0.1)()
        fast.check(found, du)
