"""Spread, paired differences and Holm's correction, against SciPy and numbers worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from dlab.results.statistics import Difference, difference, holm, spread


def test_spread():
    found = spread([1.0, 2.0, 4.0])
    assert found.mean == pytest.approx(7 / 3)
    assert found.deviation == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert spread([5.0]).deviation is None
    assert spread([]) is None


@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_a_paired_difference_is_students(n):
    random = np.random.default_rng(n)
    ours, theirs = random.normal(size=n), random.normal(0.3, 1, n)
    found, wanted = difference(list(ours), list(theirs)), stats.ttest_rel(ours, theirs)
    interval = wanted.confidence_interval(0.95)
    assert (found.mean, found.low, found.high) == pytest.approx(((ours - theirs).mean(), interval.low, interval.high))
    assert found.p == pytest.approx(wanted.pvalue)


def test_differences_without_spread():
    same, apart = difference([1.0, 2.0], [1.0, 2.0]), difference([2.0, 3.0], [1.0, 2.0])
    assert (same.mean, same.low, same.p, same.clear) == (0.0, 0.0, 1.0, False)
    assert (apart.mean, apart.low, apart.p, apart.clear) == (1.0, 1.0, 0.0, True)
    assert difference([1.0], [2.0]) is None


def test_holm_multiplies_the_smallest_p_by_the_number_of_comparisons():
    raw = {"a": 0.04, "b": 0.01, "c": 0.03}
    found = holm({name: Difference(1.0, 0.5, 1.5, 5, p) for name, p in raw.items()})
    assert list(found) == ["a", "b", "c"]
    assert [found[name].p for name in raw] == pytest.approx([0.06, 0.03, 0.06])


def test_the_number_of_seeds_that_would_do_finds_the_difference_four_times_of_five():
    # A true difference of half a deviation wants about (2.8 / 0.5)^2 = 31 seeds, and a few for Student's tails.
    mean, deviation, n = 0.5, 1.0, 5
    reach = stats.t.ppf(0.975, n - 1) * deviation / np.sqrt(n)
    wanted = holm({"a": Difference(mean, mean - reach, mean + reach, n, 0.33)})["a"].wanted
    assert 32 <= wanted <= 36
    random = np.random.default_rng(0)
    clear = [difference(list(random.normal(mean, deviation, wanted)), [0.0] * wanted).clear for _ in range(300)]
    assert 0.7 < np.mean(clear) < 0.87


def test_no_number_of_seeds_is_named_where_none_that_is_feasible_would_do():
    ours, theirs = [0.0, 1.0, 2.0, 3.0], [3.0, 0.0, 1.0, 2.001]
    assert holm({"a": difference(ours, theirs)})["a"].wanted is None
