"""Updates: the traces of the lectures, loops, penalties, and compiled rules."""

import numpy as np
import pytest

from dlab.kernels.update import penalties, rules
from dlab.kernels.update import reference as update
from dlab.optim.adam import Adam
from dlab.optim.gradient import SGD, Momentum
from dlab.registry import OPTIMIZERS
from tests.kernels.arrays import check_close, numbers
from tests.oracles import update as oracle
from tests.oracles.differences import slopes

LOOPS = {
    "sgd": (SGD(0.3), lambda g, w: oracle.sgd(g, 0.3, w)),
    "momentum": (Momentum(0.3, 0.7), lambda g, w: oracle.momentum(g, 0.3, 0.7, w)),
    "adam": (Adam(0.3, 0.8, 0.9, 1e-3), lambda g, w: oracle.adam(g, 0.3, 0.8, 0.9, 1e-3, w)),
    "plain adam": (
        Adam(0.3, 0.8, 0.9, 1e-3, bias_correction=False),
        lambda g, w: oracle.adam(g, 0.3, 0.8, 0.9, 1e-3, w, correct=False),
    ),
}


def walk(optimizer, start, gradients, penalised=0, l1=0.0, l2=0.0, lp=0.0, p=3.0):
    """The parameters after each step; the gradient array and the coefficients are refilled in place."""
    w, g = start.copy(), np.empty_like(start)
    states = [np.full_like(w, value) for value in optimizer.start()]
    coefficients = np.zeros(len(optimizer.coefficients(1)))
    call = update.apply(optimizer.rule, w, g, states, coefficients, penalised, l1, l2, lp, p)
    for step, gradient in enumerate(gradients, start=1):
        g[:], coefficients[:] = gradient, optimizer.coefficients(step)
        call()
        yield w.copy()


@pytest.mark.parametrize(("optimizer", "loop"), LOOPS.values(), ids=LOOPS)
def test_loops_say_the_same(optimizer, loop):
    start, gradients = numbers(5), numbers(8, 5)
    wanted = np.transpose([list(loop(gradients[:, i], start[i])) for i in range(5)])
    check_close(list(walk(optimizer, start, gradients)), wanted)


@pytest.mark.parametrize("p", [1.5, 2.0, 3.0, 4.5])
@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()])
def test_penalties_change_the_gradient_of_weights_only(optimizer, p):
    start, g = np.array([0.5, -2, 0, 3, -1]), np.array([0.1, 0.2, 0, -0.4, 0.5])
    changed = [oracle.penalised(w, v, 0.01, 0.1, 0.2, p) for w, v in zip(start[:3], g[:3], strict=True)] + list(g[3:])
    found = next(walk(optimizer, start, [g], 3, 0.01, 0.1, 0.2, p))
    check_close(found, next(walk(optimizer, start, [np.array(changed)])))
    assert found[2] == 0


def test_momentum_on_a_parabola():
    w, g, v = np.ones(1), np.empty(1), np.zeros(1)
    call = update.apply("momentum", w, g, [v], np.array([0.1, 0.9]), 0, 0.0, 0.0, 0.0, 3.0)
    for wanted in (0.9, 0.72, 0.486, 0.2268, -0.02916):
        g[:] = w
        call()
        check_close(w, [wanted])


def penalty(w, *strengths, penalised=None):
    total = np.zeros(1)
    update.penalty(w, len(w) if penalised is None else penalised, *strengths, total)()
    return total[0]


@pytest.mark.parametrize(("p", "norm"), [(1.0, 7.0), (2.0, 5.0), (3.0, 4.497941445275415)])
def test_norms_t28(p, norm):
    check_close(penalty(np.array([3.0, -4]), 0.0, 0.0, p, p) ** (1 / p), norm)


@pytest.mark.parametrize(
    ("strengths", "cost", "slope"),
    [
        ((0, 0.1, 0, 3), 1.25, [0.3, -0.4]),
        ((0.1, 0, 0, 3), 0.7, [0.1, -0.1]),
        ((0, 0, 0.1, 2), 1.25, [0.3, -0.4]),
        ((0, 0, 0.1, 3), 9.1 / 3, [0.9, -1.6]),
    ],
)
def test_penalty_and_its_gradient_t28(strengths, cost, slope):
    w, (*factors, p) = np.array([3.0, -4]), strengths
    check_close(penalty(w, *strengths), cost)
    check_close(penalty(w, *strengths, penalised=1), oracle.penalty([3], *strengths))
    check_close(penalties.penalised(w, np.zeros(2), *factors, np.abs(w) ** (p - 1)), slope)
    check_close(slopes(lambda: penalty(w, *strengths), w), slope, 1e-8)


@pytest.mark.parametrize("p", np.arange(1.5, 16.5, 0.5))
def test_the_gradient_of_any_power_is_the_slope_of_its_cost(p):
    w = numbers(20)
    powered = penalties.power(np.abs(w), penalties.halves(p - 1))
    found = penalties.penalised(w, np.zeros(20), 0.0, 0.0, 0.3, powered)
    check_close(found, [oracle.penalised(x, 0.0, 0.0, 0.0, 0.3, p) for x in w])
    check_close(found, slopes(lambda: penalty(w, 0.0, 0.0, 0.3, p), w), 1e-6)


@pytest.mark.parametrize("limit", [0.1, 1.0, 100.0])
def test_clip_shortens_a_long_gradient_and_keeps_its_direction(limit):
    g = numbers(7)
    wanted = oracle.clipped(g, limit)
    update.clip(g, limit)()
    check_close(g, wanted)


def test_clip_leaves_a_gradient_of_zero_and_one_of_just_that_length():
    for g in (np.zeros(2), np.array([3.0, -4.0])):
        before = g.copy()
        update.clip(g, 5.0)()
        assert np.array_equal(g, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_rules_compile_to_the_same_bits(name, dtype):
    from numba import njit

    optimizer = OPTIMIZERS[name]()
    rule, penalised = njit(getattr(rules, optimizer.rule)), njit(penalties.penalised)

    @njit
    def loop(w, g, m, v, z, c, l1, l2, lp):
        for i in range(len(w)):
            w[i], m[i], v[i], z[i] = rule(w[i], penalised(w[i], g[i], l1, l2, lp, abs(g[i])), m[i], v[i], z[i], c)

    w, g, m = (numbers(50, seed=seed).astype(dtype) for seed in range(3))
    m = abs(m)
    v, z = 2 * m * m, 1 + m * m
    c, factors = np.array(optimizer.coefficients(3), dtype), np.array([0.01, 0.1, 0.2], dtype)
    wanted = getattr(rules, optimizer.rule)(w, penalties.penalised(w, g, *factors, abs(g)), m, v, z, c)
    assert [array.dtype for array in wanted] == [dtype] * 4
    wanted = [array.tobytes() for array in wanted]
    loop(w, g, m, v, z, c, *factors)
    assert [array.tobytes() for array in (w, m, v, z)] == wanted
