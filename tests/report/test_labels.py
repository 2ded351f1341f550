"""Labels that keep their distance."""

import numpy as np
import pytest

from dlab.report.labels import apart


def test_labels_with_room_stay_where_they_are():
    assert apart({"a": 0.0, "b": 30.0, "c": 100.0}, 20) == {"a": 0.0, "b": 30.0, "c": 100.0}


def test_two_that_touch_give_way_by_the_same_amount():
    assert apart({"a": 0.0, "b": 10.0}, 20) == {"a": -5.0, "b": 15.0}
    assert apart({"b": 10.0, "a": 0.0}, 20) == {"a": -5.0, "b": 15.0}


@pytest.mark.parametrize("seed", range(20))
def test_any_number_of_labels_keeps_order_and_distance(seed):
    wanted = dict(enumerate(np.random.default_rng(seed).uniform(0, 100, 12)))
    placed = apart({str(name): height for name, height in wanted.items()}, 9)
    order = sorted(wanted, key=wanted.get)
    heights = [placed[str(name)] for name in order]
    assert np.diff(heights).min() >= 9 - 1e-9
    assert np.mean(heights) == pytest.approx(np.mean(list(wanted.values())))
