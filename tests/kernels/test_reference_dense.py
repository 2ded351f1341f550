"""The dense layer: loops, slopes, the adjoint, and the lectures' examples."""

import numpy as np
import pytest

from dlab.kernels.dense import reference as dense
from tests.kernels.arrays import check_close, numbers, poison
from tests.oracles import dense as oracle
from tests.oracles.differences import slopes

sizes = pytest.mark.parametrize(("n", "i", "o"), [(1, 1, 1), (2, 5, 3), (4, 3, 6)])


def forward(x, w, b=None, slope=1.0):
    y = poison(len(x), len(w))
    dense.forward(x, w, b, y, slope)()
    return y


def data_gradient(dy, w, **options):
    dx = poison(len(dy), w.shape[1])
    dense.data_gradient(dy, w, dx, **options)()
    return dx


def weight_gradient(x, dy, **options):
    dw, db = poison(dy.shape[1], x.shape[1]), poison(dy.shape[1])
    dense.weight_gradient(x, dy, dw, db, **options)()
    return dw, db


@sizes
def test_loops_slopes_and_adjoints(n, i, o):
    x, w, b, dy = numbers(n, i), numbers(o, i, seed=1), numbers(o), numbers(n, o, seed=2)
    dx, (dw, db) = data_gradient(dy, w), weight_gradient(x, dy)
    check_close(forward(x, w, b), oracle.forward(x, w, b))
    check_close(dx, oracle.data_gradient(dy, w))
    check_close(dw, oracle.weight_gradient(x, dy)[0])
    check_close(db, oracle.weight_gradient(x, dy)[1])
    for array, gradient in ((x, dx), (w, dw), (b, db)):
        check_close(gradient, slopes(lambda: np.sum(forward(x, w, b) * dy), array, 1e-3), 1e-9)
    check_close([np.sum(x * dx), np.sum(w * dw)], [np.sum(forward(x, w) * dy)] * 2)


@pytest.mark.parametrize("slope", [1.0, 0.0, 0.1])
def test_rectifiers_above_and_below(slope):
    def rectify(u):
        return np.where(u > 0, u, slope * u)

    z, w, b, dy = numbers(3, 4), numbers(5, 4), numbers(5), numbers(3, 5, seed=1)
    check_close(forward(z, w, b, slope), rectify(oracle.forward(z, w, b)))
    dz = data_gradient(dy, w, gate=rectify(z), slope=slope)
    check_close(dz, slopes(lambda: np.sum(forward(rectify(z), w) * dy), z), 1e-8)


def test_samples_beyond_the_batch_and_missing_biases():
    x, dy, w = numbers(4, 3), numbers(4, 2), numbers(2, 3)
    dw, db = weight_gradient(x, dy, samples=3)
    check_close(dw, oracle.weight_gradient(x[:3], dy[:3])[0])
    check_close(db, oracle.weight_gradient(x[:3], dy[:3])[1])
    dense.weight_gradient(x, dy, dw, None)()
    check_close(dw, oracle.weight_gradient(x, dy)[0])
    check_close(forward(x, w), forward(x, w, np.zeros(2)), 0)


def test_affine_t25():
    z, w, b = np.array([[1.0, 2]]), np.array([[1.0, 4], [2, 5], [3, 6]]), np.array([0.1, 0.2, 0.3])
    c = np.array([[1.0, 0, -1]])
    check_close(forward(z, w, b), [[9.1, 12.2, 15.3]])
    check_close(data_gradient(c, w), [[-2, -2]], 0)
    dw, db = weight_gradient(z, c)
    check_close(dw.T, [[1, 0, -1], [2, 0, -2]], 0)
    check_close(db, [1, 0, -1], 0)


def test_two_linear_layers_are_one_t29():
    first, second, x = np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 1], [1, 1]]), numbers(3, 2)
    check_close(forward(forward(x, first), second), forward(x, np.array([[3.0, 4], [4, 6]])))
