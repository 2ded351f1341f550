"""What the experiments of the lectures must show, on digits instead of MNIST; X1 and T31 stand in tests/training."""

from functools import cache
from itertools import pairwise

import pytest

from dlab.assemble import build
from dlab.results.records import Evaluation, Snapshot
from dlab.spec import load, vary


@cache
def records(name, variant, *overrides, seed=0):
    """What a cell of a shipped comparison yields: 100 training images are to digits what 300 are to MNIST."""
    spec = load(f"{name}.yaml", ["data={name: digits}", *overrides])
    chosen = next(one for one in spec.compare.all() if one.name == variant)
    return list(build(vary(spec, chosen, seed), threads=1).trainer.run())


def rows(*arguments, **options):
    """The evaluations."""
    return [record for record in records(*arguments, **options) if isinstance(record, Evaluation)]


def accuracy(*arguments, **options):
    """At the end, on the test images."""
    return rows(*arguments, **options)[-1].test_accuracy


def test_x2_sigmoids_from_small_weights_do_not_learn_and_relus_stall():
    stalled = rows("init", "gauss0.01-relu")
    assert accuracy("init", "gauss0.01-sigmoid") < 0.15
    assert stalled[4].test_accuracy < 0.15  # after 500 iterations
    assert stalled[-1].test_accuracy > 0.8
    xavier, he = (accuracy("init", f"{name}") for name in ("xavier-sigmoid", "he-relu"))
    assert 0.85 < xavier < he
    assert he > 0.95
    assert accuracy("init", "zero-relu") < 0.15


def test_x2_the_gradient_of_the_first_layer_tells_why():
    names = ("gauss0.01-sigmoid", "xavier-sigmoid", "he-relu")
    starts = [next(record for record in records("init", name) if isinstance(record, Snapshot)) for name in names]
    small, xavier, he = ([layer.gradient_rms for layer in start.layers] for start in starts)
    assert small[0] < 0.01 * xavier[0] < 0.1 * he[0]
    assert 10 * small[0] < small[1] < 0.1 * small[2]


@pytest.mark.parametrize(("case", "gain"), [("sigmoid-xavier", 0.5), ("sigmoid-gauss0.01", 0.5), ("relu-he", 0.02)])
def test_x3_normalisation_learns_faster(case, gain):
    assert accuracy("batchnorm", f"{case}-batch") > accuracy("batchnorm", f"{case}-plain") + gain
    if case == "sigmoid-xavier":
        assert accuracy("batchnorm", f"{case}-layer") > accuracy("batchnorm", f"{case}-plain") + gain


@pytest.mark.parametrize("name", ["sgd", "momentum", "adagrad"])
def test_x4_batch_normalisation_rescues(name):
    assert accuracy("optimizers", f"{name}-plain") < 0.15
    assert accuracy("optimizers", f"{name}-batchnorm") > 0.85


def test_x4_the_adaptive_two_learn_anyway():
    found = rows("optimizers", "rmsprop-plain")
    assert found[0].test_accuracy < 0.5 < 0.9 < found[-1].test_accuracy
    # Without bias correction Adam's first steps are large, and with some seeds it never recovers.
    assert max(accuracy("optimizers", "adam-plain", seed=seed) for seed in range(3)) > 0.85


def test_x5_all_eleven_learn():
    spec = load("more-optimizers.yaml")
    assert len(spec.compare.variants) == 11
    assert min(accuracy("more-optimizers", name) for name in spec.compare.variants) > 0.7


FEW = "data.train_limit=100"


def gap(*arguments):
    """How much better training is than the test."""
    last = rows(*arguments)[-1]
    return last.train_accuracy - last.test_accuracy


def test_x6_the_gap_is_there_and_shrinks():
    last = rows("overfitting", "none", FEW)[-1]
    assert last.train_accuracy == 1.0
    assert last.test_accuracy < 0.85
    halfway = [rows("overfitting", name, FEW)[9] for name in ("none", "dropout")]
    assert halfway[1].train_accuracy - halfway[1].test_accuracy < halfway[0].train_accuracy - halfway[0].test_accuracy
    assert rows("overfitting", "l2", FEW)[-1].train_accuracy < 0.99
    assert gap("overfitting", "more-data", "compare.seeds=1") < 0.1 < gap("overfitting", "none", FEW)


def test_x6_l1_at_a_large_rate_jumps_and_zeroes_weights():
    def jumps(name):
        curve = [row.test_accuracy for row in rows("overfitting", name, FEW)][5:]
        return max(abs(b - a) for a, b in pairwise(curve))

    def small(name):
        end = [record for record in records("overfitting", name, FEW) if isinstance(record, Snapshot)][-1]
        return end.layers[0].weight_small

    assert jumps("l1-large-rate") > 0.1 > jumps("l1")
    assert small("l1-large-rate") > 0.8
    assert small("l1") > 5 * small("none")


@pytest.mark.slow
def test_x7_a_little_more_dropout_has_a_large_effect_and_most_of_it_is_the_signal():
    lecture, inverted = (
        [accuracy("dropout", f"dropout{ratio}-{mode}", FEW) for ratio in (0.08, 0.1, 0.2)]
        for mode in ("lecture", "inverted")
    )
    assert lecture[0] - lecture[2] > 0.25
    assert inverted[0] - inverted[2] < 0.5 * (lecture[0] - lecture[2])


def test_x17_too_small_is_slow_and_too_large_does_not_learn():
    assert accuracy("learning-rate", "lr0.001") < 0.6
    assert accuracy("learning-rate", "lr0.1") > 0.9
    assert accuracy("learning-rate", "lr10") < 0.3


@pytest.mark.slow
def test_a_small_alexnet_learns():
    spec = load("alexnet-small.yaml", ["data={name: digits, size: 16}", "train.epochs=12"])
    found = [record for record in build(spec, threads=1).trainer.run() if isinstance(record, Evaluation)]
    assert found[-1].test_accuracy > 0.95


@pytest.mark.slow
def test_global_averages_learn_more_slowly_from_fewer_parameters():
    few = "data.size=20", "data.train_limit=1000"
    flat = rows("deep-gap", "flatten", *few, "train.iterations=50")
    averaged = rows("deep-gap", "global-average", *few, "train.iterations=250")
    assert averaged[0].test_accuracy + 0.2 < flat[0].test_accuracy
    assert averaged[-1].test_accuracy > 0.93


def test_weights_of_their_own_learn_as_much_by_heart_and_less_for_new_images():
    few = "data.size=28", "data.train_limit=400", "train.iterations=150"
    for seed in range(2):
        shared, local = (rows("local", name, *few, seed=seed)[-1] for name in ("shared", "local"))
        assert shared.train_accuracy == local.train_accuracy == 1.0
        assert shared.test_accuracy > local.test_accuracy
