"""Schedules, clipping and penalties in the loop: the rate that was used, its column, and what the step followed."""

import numpy as np
import pytest

from dlab.registry import LAYERS, OPTIMIZERS, SCHEDULES
from tests.oracles.differences import slopes
from tests.training.trainers import rows, same, trainer

LINEAR = (LAYERS["dense"](3),)
WARM = SCHEDULES["cosine"](warmup=3, final=0.1)


def sgd(lr=1.0):
    return OPTIMIZERS["sgd"](lr=lr)


def moved(made):
    """What one step adds to the parameters."""
    before = made.parameters.copy()
    made.train_step()
    return made.parameters - before


def test_the_lr_column_is_the_rate_of_that_step():
    made = trainer(schedule=WARM, epochs=None, iterations=8, eval_every=1)
    assert [row.lr for row in rows(made)] == [0.01 * WARM.scale(step, 8) for step in range(1, 9)]


def test_the_lr_column_without_a_schedule_is_the_spec_s():
    assert [row.lr for row in rows(trainer())] == [0.01, 0.01]


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_step_is_as_long_as_one_of_an_optimizer_of_that_rate(name):
    schedule = SCHEDULES["step"](every=1, factor=0.5)
    scheduled = trainer(optimizer=OPTIMIZERS[name](lr=0.01), schedule=schedule, ops="reference")
    for step in range(3):
        plain = trainer(optimizer=OPTIMIZERS[name](lr=0.01 * 0.5**step), ops="reference")
        plain.restore(scheduled.state())
        np.testing.assert_allclose(moved(scheduled), moved(plain), rtol=1e-9, atol=1e-15)


def test_a_constant_schedule_changes_no_bit():
    one, other = trainer(), trainer(schedule=SCHEDULES["constant"](warmup=1))
    assert rows(one) == rows(other)
    assert same(one.state(), other.state())


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_resumed_run_goes_on_in_its_schedule(at):
    options = {"schedule": WARM, "clip": 0.5, "penalty": {"lp": 0.01, "p": 2.5}}
    whole, first, second = (trainer(**options) for _ in range(3))
    expected = rows(whole)
    for _ in range(at):
        first.train_step()
    second.restore(first.state())
    assert rows(second)[-1].lr == expected[-1].lr
    assert same(second.state(), whole.state())


@pytest.mark.parametrize("ops", ["cpu", "reference"])
def test_a_long_gradient_is_clipped_over_all_parameters_and_before_the_penalty(ops):
    def made(**options):
        return trainer(layers=LINEAR, optimizer=sgd(), ops=ops, **options)

    free = moved(made())
    norm = np.linalg.norm(free)
    np.testing.assert_allclose(moved(made(clip=norm / 4)), free / 4, rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(moved(made(clip=norm * 2)), free)
    penalised = made(clip=norm / 4, penalty={"l2": 0.5})
    weights = penalised.parameters.copy()
    weights[penalised.network.weights :] = 0
    np.testing.assert_allclose(moved(penalised), free / 4 - 0.5 * weights, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("penalty", [{"lp": 0.3}, {"lp": 0.3, "p": 1.5}, {"l1": 0.1, "l2": 0.2, "lp": 0.3, "p": 4.5}])
def test_a_step_goes_down_the_slope_of_the_logged_loss(penalty):
    """One step of rate 1 against central differences of the first row's train_loss, penalty included."""
    made = trainer(layers=LINEAR, optimizer=sgd(), ops="reference", penalty=penalty, batch_size="all")
    probe = trainer(layers=LINEAR, optimizer=sgd(1e-300), ops="reference", penalty=penalty, batch_size="all")

    def loss():
        probe._reset()
        probe.train_step()
        return probe._means()[0]

    np.testing.assert_allclose(moved(made), -slopes(loss, probe.parameters), rtol=1e-6, atol=1e-8)


def test_penalties_leave_biases_alone():
    made, free = (
        trainer(layers=LINEAR, optimizer=sgd(), loss="mse", penalty=penalty) for penalty in ({"lp": 5.0, "p": 2.0}, {})
    )
    for each in (made, free):
        each.parameters[made.network.weights :] = 1.0
    steps = [moved(each) for each in (made, free)]
    assert np.array_equal(*(step[made.network.weights :] for step in steps))
    assert not np.array_equal(*(step[: made.network.weights] for step in steps))
