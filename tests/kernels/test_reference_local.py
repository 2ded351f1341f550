"""Local filters: loops, slopes, the adjoint, and a convolution where all positions have the same weights."""

import numpy as np
import pytest

from dlab.kernels.convolution import reference as convolution
from dlab.kernels.local import reference as local
from tests.kernels.arrays import check_close, margin, numbers, poison
from tests.oracles import local as oracle
from tests.oracles.differences import slopes

#        N  C  H  W  K  FH FW S  P
CASES = [
    (1, 1, 3, 3, 1, 2, 2, 1, 0),
    (2, 3, 5, 4, 2, 3, 3, 1, 1),
    (2, 2, 6, 5, 3, 3, 2, 2, 0),
    (1, 2, 7, 8, 2, 3, 3, 3, 2),
    (3, 4, 3, 5, 2, 1, 1, 1, 0),
    (1, 2, 4, 5, 3, 1, 1, 2, 1),
]
sizes = pytest.mark.parametrize(("n", "c", "h", "v", "k", "fh", "fw", "stride", "pad"), CASES)


def arrays(n, c, h, v, k, fh, fw, stride, pad):
    """x, w, b and dy."""
    rows, columns = (h + 2 * pad - fh) // stride + 1, (v + 2 * pad - fw) // stride + 1
    w, b = numbers(rows, columns, c, fh, fw, k), numbers(rows, columns, k)
    return numbers(n, c, h, v), w, b, numbers(n, k, rows, columns, seed=1)


def forward(x, w, b, stride=1, pad=0, slope=1.0):
    y = poison(len(x), w.shape[5], *w.shape[:2])
    local.forward(margin(x, pad), w, b, y, stride, slope)()
    return y


def data_gradient(dy, w, shape, stride=1, pad=0, **options):
    dx = poison(*shape)
    local.data_gradient(dy, w, dx, stride, pad, **options)()
    return dx


def weight_gradient(x, dy, shape, stride=1, pad=0, **options):
    dw, db = poison(*shape), poison(*shape[:2], shape[5])
    local.weight_gradient(margin(x, pad), dy, dw, db, stride, **options)()
    return dw, db


@sizes
def test_loops_say_the_same(n, c, h, v, k, fh, fw, stride, pad):
    x, w, b, dy = arrays(n, c, h, v, k, fh, fw, stride, pad)
    check_close(forward(x, w, b, stride, pad), oracle.forward(x, w, b, stride, pad))
    check_close(data_gradient(dy, w, x.shape, stride, pad), oracle.data_gradient(dy, w, x.shape, stride, pad))
    gradients = weight_gradient(x, dy, w.shape, stride, pad)
    for found, wanted in zip(gradients, oracle.weight_gradient(x, dy, w.shape, stride, pad), strict=True):
        check_close(found, wanted)


@sizes
def test_gradients_are_slopes_and_adjoints(n, c, h, v, k, fh, fw, stride, pad):
    x, w, b, dy = arrays(n, c, h, v, k, fh, fw, stride, pad)
    dx, (dw, db) = data_gradient(dy, w, x.shape, stride, pad), weight_gradient(x, dy, w.shape, stride, pad)
    for array, gradient in ((x, dx), (w, dw), (b, db)):
        check_close(gradient, slopes(lambda: np.sum(forward(x, w, b, stride, pad) * dy), array, 1e-3), 1e-9)
    product = np.sum(forward(x, w, None, stride, pad) * dy)
    check_close([np.sum(x * dx), np.sum(w * dw)], [product, product])


def test_equal_weights_everywhere_are_a_convolution_t19():
    x, shared, b, dy = numbers(2, 3, 6, 5), numbers(4, 3, 3, 3), numbers(4), numbers(2, 4, 6, 5, seed=1)
    w, y, dx = np.tile(shared.transpose(1, 2, 3, 0), (6, 5, 1, 1, 1, 1)), poison(2, 4, 6, 5), poison(*x.shape)
    dw, db = poison(*shared.shape), poison(4)
    convolution.forward(margin(x, 1), shared, b, y)()
    convolution.data_gradient(dy, shared, dx, 1, 1)()
    convolution.weight_gradient(margin(x, 1), dy, dw, db)()
    check_close(forward(x, w, np.tile(b, (6, 5, 1)), pad=1), y)
    check_close(data_gradient(dy, w, x.shape, pad=1), dx)
    own, biases = weight_gradient(x, dy, w.shape, pad=1)
    check_close(own.sum(axis=(0, 1)).transpose(3, 0, 1, 2), dw)
    check_close(biases.sum(axis=(0, 1)), db)


@pytest.mark.parametrize("slope", [1.0, 0.0, 0.1])
def test_rectifiers_above_and_below(slope):
    z, w, b, dy = arrays(2, 2, 5, 5, 3, 3, 3, 1, 1)
    u = forward(z, w, b, pad=1)
    check_close(forward(z, w, b, pad=1, slope=slope), np.where(u > 0, u, slope * u), 0)

    def rectified():
        return np.where(z > 0, z, slope * z)

    dz = data_gradient(dy, w, z.shape, pad=1, gate=rectified(), slope=slope)
    check_close(dz, slopes(lambda: np.sum(forward(rectified(), w, None, pad=1) * dy), z), 1e-8)


def test_samples_beyond_the_batch_do_not_count_and_biases_may_be_missing():
    x, w, _, dy = arrays(4, 2, 4, 4, 3, 2, 2, 1, 0)
    wanted = weight_gradient(x[:3], dy[:3], w.shape)
    for found, right in zip(weight_gradient(x, dy, w.shape, samples=3), wanted, strict=True):
        check_close(found, right)
    dw = poison(*w.shape)
    local.weight_gradient(x[:3], dy[:3], dw, None)()
    check_close(dw, wanted[0], 0)
    check_close(forward(x, w, None), forward(x, w, np.zeros((3, 3, 3))), 0)
