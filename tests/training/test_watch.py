"""Watching: what is measured, against the formulas; and that nobody notices being watched."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dlab.data.samples import Samples
from dlab.registry import INITIALISERS, LAYERS, PRESETS
from dlab.results.records import Evaluation, Finished, Snapshot, Timing
from dlab.training.watch import SAMPLES
from tests.training.watched import ALL, NOISE, biases, look, mlp, trainer, weights

F = {"sigmoid": lambda u: 1 / (1 + np.exp(-u)), "tanh": np.tanh, "relu": lambda u: np.maximum(u, 0)}
SLOPE = {"sigmoid": lambda y: y * (1 - y), "tanh": lambda y: 1 - y * y, "relu": lambda y: (y > 0) * 1.0}


def images(count=40):
    """Images without sense."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, count).astype(np.int32)
    x = random.integers(0, 256, (count, 1, 10, 10)).astype(np.uint8)
    train = Samples(x=x, labels=labels, targets=np.eye(3, dtype=np.float32)[labels])
    return SimpleNamespace(train=train, test=None, validation=None, scale=1 / 255, shift=0.0)


def forward(made, activation, rows):
    """The outputs of all hidden layers, by the formula."""
    x, found = made.data.train.x[rows].astype(float), []
    for w, b in list(zip(weights(made), biases(made), strict=True))[:-1]:
        x = F[activation](x @ w.T + b)
        found.append(x)
    return found


@pytest.mark.parametrize("activation", F)
def test_outputs_are_those_of_the_formula(activation):
    made = trainer(mlp(activation), INITIALISERS["gauss"](std=1.0))
    made.train_step()
    ys = forward(made, activation, made.watch.kinds[0].plan.rows)
    tails = {"sigmoid": lambda y: (y < 0.05) | (y > 0.95), "tanh": lambda y: abs(y) > 0.95}.get(activation)
    for row, y in zip(look(made).layers, ys, strict=False):
        assert row.activation == activation
        assert (row.output_mean, row.output_std) == pytest.approx((y.mean(), y.std()), rel=1e-12)
        assert row.output_zeros == (y == 0).mean()
        assert row.output_saturated == (None if tails is None else tails(y).mean())


def test_gradients_are_those_of_the_first_batch():
    made = trainer(mlp("sigmoid"))
    row = look(made).layers
    made.train_step()
    for found, (name, gradient) in zip(row, made.network.views(made.gradients).items(), strict=False):
        assert name == (found.layer, "weight")
        assert found.gradient_rms == np.sqrt((gradient**2).mean())


@pytest.mark.parametrize("activation", F)
def test_the_signal_is_noise_times_weights_and_slopes(activation):
    made = trainer(mlp(activation, (9, 8, 7)))
    rows = look(made).layers
    watch = made.watch.kinds[1].plan
    ys = forward(made, activation, watch.rows)
    noise = watch.stages[made.watch.kinds[1].below - 1].dy
    delta, expected = None, []
    for y, w in zip(reversed(ys), [None, *reversed(weights(made)[1:-1])], strict=True):
        delta = _fed(made, y.shape) if w is None else delta @ w
        delta = delta * SLOPE[activation](y)
        expected.append(np.sqrt((delta**2).mean()))
    assert [row.signal_rms for row in rows] == [*(pytest.approx(e, rel=1e-12) for e in reversed(expected)), None]
    assert noise.view().shape == ys[-1].shape


def _fed(made, shape):
    """The noise itself, which is what arrives through a network of slope one."""
    from dlab.training.randomness import WATCH, stream

    noise = stream(made.spec.train.seed, WATCH, 1).standard_normal(shape, np.float32).astype(float)
    assert abs(noise.std() - 1) < 0.1
    return noise


@pytest.mark.parametrize(
    "above", [("relu", "maxpool"), ("sigmoid", "maxpool"), ("leaky_relu", "avgpool"), ("tanh", "avgpool")]
)
def test_the_signal_goes_down_through_every_kind_of_layer(above):
    """The calls that send noise down leave d(sum of noise times y)/dw behind, which central differences tell too."""
    parts = {"maxpool": LAYERS["maxpool"](2), "avgpool": LAYERS["avgpool"](2)}
    end = [parts.get(name) or LAYERS[name]() for name in above]
    layers = (LAYERS["conv"](3, 3, pad=1), LAYERS["relu"](), LAYERS["conv"](2, 3), *end, LAYERS["dense"](3))
    made = trainer(layers, data=images(), batch_size=8)
    gradients = made.watch.kinds[1]
    look(made)
    top = gradients.plan.stages[gradients.below - 1]
    noise = _fed(made, (8, top.y.view()[0].size)).reshape(top.y.view().shape)
    exact = {id(g): g.copy() for g in gradients.gradients[:-1]}

    def energy():
        gradients.plan.run()
        return (noise * top.y.view()).sum()

    for w, g in zip(weights(made)[:-1], list(exact.values()), strict=True):
        for place in np.ndindex(w.shape):
            kept, values = w[place], []
            for step in (1e-6, -1e-6):
                w[place] = kept + step
                values.append(energy())
            w[place] = kept
            assert (values[0] - values[1]) / 2e-6 == pytest.approx(g[place], abs=1e-5, rel=1e-5)


def test_weights_are_counted():
    made = trainer(mlp("relu", (4,)))
    w = weights(made)[0]
    w[...] = np.arange(w.size).reshape(w.shape) - 20.0
    w[3] = w[1]
    w[0], w[2] = 0.0, -0.0
    row = look(made).layers[0]
    assert row.weight_units == 2
    assert row.weight_l1 == abs(w).sum()
    assert row.weight_l2 == pytest.approx(np.sqrt((w * w).sum()))
    assert row.weight_std == pytest.approx(w.std())
    assert row.weight_small == (abs(w) < 0.001).mean() > 0.5


@pytest.mark.parametrize(("activation", "limits"), [("sigmoid", (0, 1)), ("tanh", (-1, 1)), ("relu", None)])
def test_histograms_hold_every_number_once(activation, limits):
    made = trainer(mlp(activation))
    bins = look(made).bins
    ys = forward(made, activation, made.watch.kinds[0].plan.rows)
    for layer, y, w in zip(("dense1", "dense2"), ys, weights(made), strict=False):
        for kind, values in (("activations", y), ("weights", w)):
            own = [b for b in bins if (b.layer, b.kind) == (layer, kind)]
            assert [b.high for b in own[:-1]] == [b.low for b in own[1:]]
            assert (len(own), sum(b.count for b in own)) == (30, values.size)
            assert own[4].count == ((values >= own[4].low) & (values < own[4].high)).sum()
        ends = limits or (y.min(), y.max())
        own = [b for b in bins if (b.layer, b.kind) == (layer, "activations")]
        assert (own[0].low, own[-1].high) == pytest.approx(ends, rel=1e-12)


def test_what_explodes_is_told_and_stops_nothing():
    made = trainer(mlp("relu"), data=NOISE)
    weights(made)[1][...] = 1e200
    weights(made)[2][...] = 1e200
    found = look(made)
    assert not np.isfinite(found.layers[2].output_std)
    assert all(np.isfinite([b.low, b.high]).all() for b in found.bins)


def test_rows_are_named_after_the_layers_with_weights():
    layers = PRESETS["lenet"](activation="tanh").layers((1, 10, 10), 3)
    layers = (LAYERS["dropout"](0.1), *layers[:2], LAYERS["dropout"](0.2), *layers[7:])
    rows = look(trainer(layers, data=images())).layers
    assert [(row.layer, row.activation) for row in rows] == [
        *(("conv1", "tanh"), ("dense1", "tanh"), ("dense2", "tanh"), ("dense3", "")),
    ]


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_outputs_are_those_behind_a_normalisation(activation):
    made = trainer(mlp(activation, (9,), normalize="layer"))
    rows = made.watch.kinds[0].plan.rows
    u = made.data.train.x[rows].astype(float) @ weights(made)[0].T
    centred = u - u.mean(axis=1, keepdims=True)
    y = F[activation](centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5))
    found = look(made).layers[0]
    assert found.activation == activation
    assert (found.output_mean, found.output_std) == pytest.approx((y.mean(), y.std()), rel=1e-9)


def test_maxout_is_an_activation_too():
    made = trainer(mlp("maxout", (4,)))
    found, rows = look(made).layers[0], made.watch.kinds[0].plan.rows
    sums = made.data.train.x[rows].astype(float) @ weights(made)[0].T + biases(made)[0]
    assert (found.activation, found.output_saturated) == ("maxout", None)
    assert found.output_std == pytest.approx(sums.reshape(-1, 4, 2).max(axis=2).std(), rel=1e-12)


def test_snapshots_stand_between_evaluation_and_timing():
    made = trainer(mlp("relu"))
    records = [record for record in made.run() if not type(record).__name__ == "Progress"]
    assert [type(r) for r in records] == [Snapshot, *[Evaluation, Snapshot, Timing] * 3, Finished]
    snapshots = [r for r in records if isinstance(r, Snapshot)]
    assert [s.layers[0].step for s in snapshots] == [0, 2, 4, 6]
    assert [bool(s.bins) for s in snapshots] == [True, False, False, True]


def test_only_what_is_asked_for_is_measured():
    row = look(trainer(mlp("relu"), watch=("weights",))).layers[0]
    assert row.weight_std is not None
    assert row.output_std is row.gradient_rms is row.signal_rms is None
    assert trainer(mlp("relu"), watch=()).watch.look(0, whole=True) == []
    step = (LAYERS["step"](),)
    alone = SimpleNamespace(**{**vars(images()), "shape": (3,)})
    alone.train = replace(alone.train, x=np.zeros((40, 3), np.float32))
    assert trainer(step, data=alone).watch.look(0, whole=True) == []


def test_the_same_samples_are_looked_at_whatever_happened_before():
    first, second = trainer(mlp("relu"), batch_size=16), trainer(mlp("relu"), batch_size=16)
    for _ in range(5):
        second.train_step()
    second.parameters[...] = first.parameters
    assert look(first).layers == tuple(type(row)(**{**vars(row), "step": 0}) for row in look(second).layers)


@pytest.mark.parametrize("ops", ["reference", "cpu"])
@pytest.mark.parametrize("normalize", [None, "batch", "layer"])
def test_a_watched_run_has_the_bits_of_one_that_is_not(ops, normalize):
    middle = (LAYERS["dropout"](0.3), LAYERS["dense"](3))
    runs = []
    for watch in ((), ALL):
        made = trainer(
            (*mlp("relu", normalize=normalize)[:-1], *middle), ops=ops, watch=watch, batch_size=24, iterations=9
        )
        rows = [record for record in made.run() if isinstance(record, Evaluation)]
        runs.append((rows, made.state()))
    assert runs[0][0] == runs[1][0]
    assert all(runs[0][1][name].tobytes() == runs[1][1][name].tobytes() for name in runs[0][1])


def test_the_fast_kernels_see_what_the_reference_sees():
    layers = (*(LAYERS["conv"](3, 3, pad=1), LAYERS["relu"](), LAYERS["maxpool"](2)), *mlp("sigmoid", (9,)))
    fast, exact = (look(trainer(layers, data=images(), ops=ops, batch_size=20)).layers for ops in ("cpu", "reference"))
    for a, b in zip(fast, exact, strict=True):
        assert {k: v for k, v in vars(a).items() if isinstance(v, int | str)} == {
            k: v for k, v in vars(b).items() if isinstance(v, int | str)
        }
        numbers = [(vars(a)[k], v) for k, v in vars(b).items() if isinstance(v, float)]
        np.testing.assert_allclose(*np.array(numbers).T, rtol=2e-4)


# X1: five hidden layers of 100, no biases, and how far the outputs spread and the gradient comes.


# T31: a 4-5-5-3 network whose weights all start at zero.


def test_few_samples_are_enough():
    made = trainer(mlp("relu"), batch_size=7)
    assert made.watch.kinds[0].plan.batch == len(made.data.train.x) < SAMPLES
    assert made.watch.kinds[1].plan.batch == 7
