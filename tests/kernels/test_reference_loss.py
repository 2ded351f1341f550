"""Losses: loops, slopes, SciPy, empty rows, and the lectures' examples."""

import numpy as np
import pytest
from scipy import special

from dlab.kernels.dense import reference as dense
from dlab.kernels.loss import reference as loss
from tests.kernels.arrays import check_close, numbers, poison
from tests.oracles import loss as oracle
from tests.oracles.differences import slopes

LABELS = np.array([2, 0, 1, 2], np.int32)


def run(function, outputs, wanted):
    gradient, total = poison(*outputs.shape), np.zeros(2)
    function(outputs, wanted, gradient, total)()
    return *total, gradient


def cross_entropy(u, labels):
    return run(loss.softmax_cross_entropy, np.array(u, float), np.array(labels, np.int32))


CASES = {
    "softmax_cross_entropy": LABELS,
    "squared_error": numbers(4, 3, seed=1),
}
kinds = pytest.mark.parametrize(("name", "wanted"), CASES.items())


@kinds
def test_loops_and_slopes(name, wanted):
    function, outputs = getattr(loss, name), numbers(4, 3)
    value, correct, gradient = run(function, outputs, wanted)
    for found, right in zip((value, correct, gradient), getattr(oracle, name)(outputs, wanted), strict=True):
        check_close(found, right)
    check_close(gradient, slopes(lambda: run(function, outputs, wanted)[0] / 4, outputs), 1e-8)


@kinds
def test_rows_without_a_sample_count_for_nothing(name, wanted):
    outputs = numbers(6, 3)
    outputs[4:] = 1e3
    value, correct, gradient = run(getattr(loss, name), outputs, wanted)
    alone = run(getattr(loss, name), outputs[:4].copy(), wanted)
    assert (value, correct) == alone[:2]
    check_close(gradient, np.vstack([alone[2], np.zeros((2, 3))]), 0)


@kinds
def test_evaluation_adds_up_without_a_gradient(name, wanted):
    function, outputs, total = getattr(loss, name), numbers(4, 3), np.zeros(2)
    call = function(outputs, wanted, None, total)
    call()
    call()
    check_close(total, 2 * np.array(run(function, outputs, wanted)[:2]))


def test_scipy_says_the_same():
    u = 50 * numbers(4, 3)
    value, _, du = cross_entropy(u, LABELS)
    check_close(value, -special.log_softmax(u, axis=1)[range(4), LABELS].sum())
    check_close(du, (special.softmax(u, axis=1) - np.eye(3)[LABELS]) / 4)


def test_softmax_t05_and_cross_entropy_t06():
    for shift in (0, 1000):
        u = np.array([[1.0, 2, 3]]) + shift
        assert cross_entropy(u, [2])[:2] == (pytest.approx(0.407606, abs=1e-6), 1)
        assert cross_entropy(u, [0])[:2] == (pytest.approx(2.407606, abs=1e-6), 0)
        check_close(cross_entropy(u, [2])[2], [[0.090031, 0.244728, -0.334759]], 1e-6)


def test_an_untrained_net_loses_ln_10_and_ties_go_to_the_first_t07():
    value, correct, _ = cross_entropy(np.zeros((2, 10)), [0, 9])
    assert value / 2 == pytest.approx(np.log(10))
    assert correct == 1


def test_chain_rule_t09():
    t, dt, slopes_found = poison(1, 1), poison(1, 1), poison(1, 2)
    w, total = np.ones((1, 2)), np.zeros(2)
    dense.forward(np.array([[1.5, -0.5]]), w, None, t)()
    loss.squared_error(t, np.zeros((1, 1)), dt, total)()  # half of z = t^2
    dense.data_gradient(2 * dt, w, slopes_found)()
    assert 2 * total[0] == 1.0
    check_close(slopes_found, [[2, 2]], 0)


def test_squared_error_counts_answers_within_a_half():
    y, targets = np.array([[0.4, 1.4], [0.5, 1], [0, 2]]), np.array([[0, 1], [0, 1], [0, 1.0]])
    value, correct, _ = run(loss.squared_error, y, targets)
    assert correct == 1
    check_close(value, 0.5 * (0.16 + 0.16 + 0.25 + 1))
