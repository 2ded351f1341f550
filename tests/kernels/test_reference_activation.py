"""Activations: loops, slopes, SciPy, the derivatives of the lectures, and the logic of step units."""

import numpy as np
import pytest
from scipy import special

from dlab.kernels.activation import reference as activation
from dlab.kernels.dense import reference as dense
from tests.kernels.arrays import check_close, numbers, poison
from tests.oracles import activation as oracle
from tests.oracles.differences import slopes

KINDS = [("rectify", 0.0), ("rectify", 0.1), ("rectify", 1.0), ("sigmoid", 0.0), ("tanh", 0.0), ("step", 0.0)]


def forward(kind, x, slope=0.0):
    y = poison(*x.shape)
    activation.forward(kind, x, y, slope)()
    return y


def backward(kind, dy, y, slope=0.0):
    dx = poison(*y.shape)
    activation.backward(kind, dy, y, dx, slope)()
    return dx


@pytest.mark.parametrize(("kind", "slope"), KINDS)
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 2, 2)])
def test_loops_and_slopes(kind, slope, shape):
    x, dy = numbers(*shape), numbers(*shape, seed=1)
    y = forward(kind, x, slope)
    dx = backward(kind, dy, y, slope)
    check_close(y, oracle.elementwise(oracle.value, kind, x, slope))
    check_close(dx, dy * oracle.elementwise(oracle.derivative, kind, x, slope))
    check_close(dx, slopes(lambda: np.sum(forward(kind, x, slope) * dy), x), 1e-8)


@pytest.mark.parametrize(("kind", "slope", "value", "derivative"), [("rectify", 0.1, 0, 0.1), ("step", 0, 0, 0)])
def test_at_zero_the_lower_branch_holds(kind, slope, value, derivative):
    y = forward(kind, np.zeros(1), slope)
    assert (y.item(), backward(kind, np.ones(1), y, slope).item()) == (value, derivative)


def test_sigmoid_far_out_neither_overflows_nor_loses_digits():
    u = np.array([-1000, -700, -40, -1, 0, 1, 40, 1000.0])
    check_close(forward("sigmoid", u), special.expit(u))
    np.testing.assert_allclose(forward("sigmoid", u[1:]), special.expit(u[1:]), rtol=1e-14)


def test_sigmoid_derivatives_t08():
    found = backward("sigmoid", np.ones(3), forward("sigmoid", np.array([0.0, 5, 10])))
    np.testing.assert_allclose(found, [0.25, 0.006648, 4.54e-5], rtol=1e-4)
    chain = np.ones(1)
    for expected in (0.25, 0.0625, 0.015625, 0.00390625, 0.0009765625):
        chain = backward("sigmoid", chain, np.full(1, 0.5))
        assert chain.item() == expected


def test_step_units_are_gates_and_two_layers_do_xor_t30():
    def units(x, w, b):
        u = poison(len(x), len(w))
        dense.forward(x, np.array(w), np.array(b), u)()
        return forward("step", u)

    inputs = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    gates = units(inputs, [[0.5, 0.5], [0.5, 0.5], [-0.5, -0.5]], [-0.7, -0.2, 0.7])
    check_close(gates.T, [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0]], 0)
    check_close(units(gates[:, [2, 1]], [[0.5, 0.5]], [-0.7])[:, 0], [0, 1, 1, 0], 0)
