"""X1 and T31: what the lectures say of activations, gradients and weights under each initialiser."""

import numpy as np
import pytest

from dlab.registry import DATASETS, INITIALISERS, PRESETS
from dlab.results.records import Snapshot
from tests.training.watched import biases, look, trainer, weights

X1 = DATASETS["noise"]()


def x1(activation, init):
    layers = PRESETS["mlp"](hidden=(100,) * 5, activation=activation, bias=False).layers((100,), 10)
    made = trainer(layers, init, data=X1, watch=("activations", "gradients"))
    rows = look(made).layers[:5]
    return {name: np.array([vars(row)[name] for row in rows]) for name in vars(rows[0])}


def gauss(std):
    return INITIALISERS["gauss"](std=std)


def test_x1_sigmoid_with_std_1_saturates():
    found = x1("sigmoid", gauss(1.0))
    assert (found["output_std"] > 0.4).all()
    assert (found["output_saturated"] > 0.55).all()
    assert ((found["signal_rms"] > 0.06) & (found["signal_rms"] < 0.12)).all()


def test_x1_sigmoid_with_std_001_huddles_at_a_half_and_its_gradient_vanishes_most():
    found, others = x1("sigmoid", gauss(0.01)), [x1("sigmoid", gauss(1.0)), x1("sigmoid", "xavier")]
    assert (found["output_std"] < 0.03).all()
    assert (abs(found["output_mean"] - 0.5) < 0.02).all()
    assert (found["output_saturated"] == 0).all()
    # The factor of a layer is 0.25 * 0.01 * sqrt(100) (erratum E34).
    np.testing.assert_allclose(found["signal_rms"][1:] / found["signal_rms"][:-1], 40, rtol=0.15)
    assert all(found["signal_rms"][0] < other["signal_rms"][0] / 1000 for other in others)


def test_x1_sigmoid_with_xavier_spreads_but_decays_too():
    found = x1("sigmoid", "xavier")
    assert ((found["output_std"] > 0.1) & (found["output_std"] < 0.25)).all()
    assert (found["output_saturated"] < 0.01).all()
    assert (np.diff(found["signal_rms"]) > 0).all()


def test_x1_relu_with_std_1_explodes():
    found = x1("relu", gauss(1.0))
    factors = found["output_std"][1:] / found["output_std"][:-1]
    np.testing.assert_allclose(factors, np.sqrt(100 / 2), rtol=0.3)  # erratum E37
    assert found["signal_rms"][0] > 1000 * found["signal_rms"][-1]


def test_x1_relu_decays_with_the_printed_he_and_stays_with_the_right_one():
    printed, right = x1("relu", "xavier"), x1("relu", "he")  # erratum E35
    assert (np.diff(printed["output_std"]) < 0).all()
    assert printed["output_std"][-1] < 0.3 * printed["output_std"][0]
    assert np.ptp(right["output_std"]) < 0.2 * right["output_std"].mean()
    assert np.ptp(right["signal_rms"]) < 0.15 * right["signal_rms"].mean()
    assert (abs(right["output_zeros"] - 0.5) < 0.1).all()  # erratum E33: half of the outputs, not of the weights


def t31(activation, ops):
    data = DATASETS["noise"](features=4, samples=60, classes=3)
    layers = PRESETS["mlp"](hidden=(5, 5), activation=activation).layers((4,), 3)
    made = trainer(layers, "zero", data=data, ops=ops, iterations=30, eval_every=15)
    return made, [record.layers for record in made.run() if isinstance(record, Snapshot)]


@pytest.mark.parametrize("ops", ["reference", "cpu"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_t31_no_weight_ever_moves(activation, ops):
    made, seen = t31(activation, ops)
    for row in (row for rows in seen for row in rows):
        assert (row.gradient_rms, row.weight_l1, row.weight_units) == (0, 0, 1)
    assert (biases(made)[-1] != 0).all()
    assert not np.concatenate(biases(made)[:-1]).any()


@pytest.mark.parametrize("ops", ["reference", "cpu"])
def test_t31_sigmoid_units_stay_the_same_for_ever(ops):
    made, seen = t31("sigmoid", ops)
    assert all(row.gradient_rms > 0 for row in seen[-1])
    assert [row.weight_units for row in seen[-1]] == [1, 1, 3]
    assert all(row.weight_l1 > 0 for row in seen[-1])
    assert [np.linalg.matrix_rank(w, tol=1e-9 * abs(w).max()) for w in weights(made)] == [1, 1, 1]
