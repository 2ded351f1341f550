"""Normalisation in a network: gradients past its neighbours, running statistics, resuming, training and inference."""

import numpy as np
import pytest

from dlab.registry import LAYERS, OPTIMIZERS, PRESETS
from dlab.training.gradients import GradientCheck
from tests.training.trainers import rows, same, trainer

NORMALISED = PRESETS["mlp"](hidden=(12, 8), activation="sigmoid", normalize="batch").layers((1, 6, 6), 3)


def networks():
    """Networks with `norm` among every kind of neighbour, by words."""
    return [
        "norm dense",
        "flatten norm dense norm relu dense",
        "dense relu norm dense",
        "dense norm sigmoid dense norm dense",
        "conv norm relu maxpool dense",
        "conv relu norm conv norm leaky_relu conv flatten relu norm dense",
        "conv conv flatten norm tanh dense",
        "conv norm maxpool conv relu avgpool norm dropout flatten dense",
        "conv norm flatten relu dense",
    ]


def built(words, norm):
    """The layers of a network by words; the last dense layer has three outputs."""
    options = {"conv": (3, 3, 1, 1), "dense": (5,), "dropout": (0.2,), "maxpool": (2,), "avgpool": (2,)}
    options[norm] = (0.1,)  # eps: where ReLU leaves a channel nearly empty, a small one curves too much for differences
    names = [norm if word == "norm" else word for word in words.split()]
    return (*(LAYERS[name](*options.get(name, ())) for name in names[:-1]), LAYERS["dense"](3))


@pytest.mark.parametrize("norm", ["batchnorm", "layernorm"])
@pytest.mark.parametrize("words", networks())
def test_backpropagation_agrees_with_central_differences(words, norm):
    made = trainer(layers=built(words, norm), ops="reference")
    made.parameters += 0.1 * np.random.default_rng(1).normal(size=made.parameters.size)  # off the rectifiers' kinks
    check = GradientCheck(made.network, made.data, made.spec)
    check.parameters[:] = made.parameters
    assert max(row.error for row in check.rows()) < 1e-6


@pytest.mark.parametrize("norm", ["batchnorm", "layernorm"])
@pytest.mark.parametrize("words", networks()[-3:])
def test_lane_blocks_train_to_the_reference_numbers(words, norm):
    # Not Adam: it makes full steps of the rounding errors that a bias below a batch normalisation has for a gradient.
    options = {"layers": built(words, norm), "optimizer": OPTIMIZERS["sgd"](lr=0.1)}
    fast, exact = (trainer(ops=ops, **options) for ops in ("cpu", "reference"))
    assert rows(fast)[-1].test_loss == pytest.approx(rows(exact)[-1].test_loss, rel=1e-4)
    np.testing.assert_allclose(fast.arrays.statistics, exact.arrays.statistics, rtol=1e-3, atol=1e-4)


def test_running_statistics_follow_the_batches():
    made = trainer(layers=(LAYERS["batchnorm"](momentum=0.8), LAYERS["dense"](3)), iterations=3, epochs=None)
    mean, variance = 0.0, 1.0
    for step in range(3):
        batch = made.data.train.x[made.batches.rows(step)].astype(float) / 255
        mean, variance = 0.8 * mean + 0.2 * batch.mean(), 0.8 * variance + 0.2 * batch.var()
        made.train_step()
    state = made.state()
    assert state["batchnorm1.mean"] == pytest.approx(mean, rel=1e-5)
    assert state["batchnorm1.variance"] == pytest.approx(variance, rel=1e-5)


def test_inference_reads_the_running_statistics_and_leaves_them():
    made = trainer(layers=NORMALISED)
    made.train_step()
    before, first = made.arrays.statistics.copy(), made.evaluator.test()[0]
    assert made.evaluator.test()[0] == first
    assert np.array_equal(made.arrays.statistics, before)
    made.network.statistics_views(made.arrays.statistics)["batchnorm1", "mean"] += 1
    assert made.evaluator.test()[0] != first


def test_training_and_inference_agree_once_the_running_statistics_have_settled():
    """With momentum 0 and one batch of everything they are that batch's own."""
    layers = (LAYERS["dense"](4), LAYERS["batchnorm"](momentum=0.0), LAYERS["tanh"](), LAYERS["dense"](3))
    made = trainer(layers=layers, optimizer=OPTIMIZERS["sgd"](lr=1e-30), batch_size="all", epochs=1)
    started = made.evaluator.train()[0]
    made.train_step()
    assert made.evaluator.train()[0] == pytest.approx(made._means()[0], rel=1e-6)
    assert made.evaluator.train()[0] != pytest.approx(started, rel=1e-3)


@pytest.mark.parametrize("at", [1, 3])
def test_a_resumed_run_has_the_bits_of_the_unbroken_one(at):
    whole, first, second = (trainer(layers=NORMALISED) for _ in range(3))
    expected = rows(whole)
    while first.step < at:
        first.train_step()
    state = first.state()
    assert np.any(state["batchnorm1.mean"] != 0)
    assert np.any(state["batchnorm2.variance"] != 1)
    second.restore(state)
    assert np.array_equal(second.arrays.statistics, first.arrays.statistics)
    assert rows(second)[-1] == expected[-1]
    assert same(second.state(), whole.state())
