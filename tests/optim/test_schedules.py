"""Schedules against their closed formulas."""

from math import cos, pi

import pytest

from dlab.registry import SCHEDULES

STEPS = 40


def scales(name, **options):
    """The scale of every step of a run."""
    schedule = SCHEDULES[name](**options)
    return [schedule.scale(step, STEPS) for step in range(1, STEPS + 1)]


def test_constant_is_exactly_one():
    assert scales("constant") == [1.0] * STEPS


def test_step_drops_every_so_many_steps():
    assert scales("step", every=15, factor=0.5) == [1.0] * 15 + [0.5] * 15 + [0.25] * 10


def test_cosine_falls_from_one_along_half_a_wave():
    found = scales("cosine", final=0.1)
    assert found == pytest.approx([0.1 + 0.45 * (1 + cos(pi * k / STEPS)) for k in range(STEPS)], rel=1e-14)
    assert found[0] == 1.0
    assert found[20] == pytest.approx(0.55)
    assert SCHEDULES["cosine"](final=0.1).scale(STEPS + 1, STEPS) == pytest.approx(0.1)


OPTIONS = {"constant": {}, "step": {"every": 7}, "cosine": {}}


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_warmup_rises_linearly_and_then_the_shape_begins(name):
    found, options = scales(name, warmup=5, **OPTIONS[name]), OPTIONS[name]
    assert found[:5] == [0.2, 0.4, 0.6, 0.8, 1.0]
    shape = SCHEDULES[name](**options)
    assert found[5:] == [shape.scale(step, STEPS - 5) for step in range(1, STEPS - 4)]


@pytest.mark.parametrize("name", list(SCHEDULES))
@pytest.mark.parametrize("warmup", [STEPS, 4 * STEPS])
def test_a_run_may_end_in_its_warmup(name, warmup):
    found = scales(name, warmup=warmup, **OPTIONS[name])
    assert found == [step / warmup for step in range(1, STEPS + 1)]


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_a_scale_is_never_negative_and_never_above_one(name):
    assert all(0 < scale <= 1 for scale in scales(name, warmup=3, **OPTIONS[name]))
