"""The loop: batches, records, resuming, and what it learns."""

from types import SimpleNamespace

import numpy as np
import pytest

from dlab.errors import CheckpointError
from dlab.registry import LAYERS, OPTIMIZERS
from dlab.results.records import Evaluation, Finished, Timing
from dlab.training.batches import Batches
from dlab.training.gradients import GradientCheck
from dlab.training.threads import Threads
from tests.training.trainers import rows, same, trainer


def test_an_epoch_is_one_permutation_with_its_partial_batch():
    batches = Batches(50, 16, "shuffle", seed=3)
    epochs = [[batches.rows(step) for step in range(start, start + 4)] for start in (0, 4)]
    for epoch in epochs:
        assert [len(rows) for rows in epoch] == [16, 16, 16, 2]
        assert sorted(np.concatenate(epoch)) == list(range(50))
    assert not np.array_equal(epochs[0][0], epochs[1][0])
    assert np.array_equal(Batches(50, 16, "shuffle", seed=3).rows(6), epochs[1][2])


def test_replacement_draws_full_batches():
    batches = Batches(50, 16, "replacement", seed=3)
    assert all(len(batches.rows(step)) == 16 for step in range(8))
    assert len(np.unique(batches.rows(5))) < 16 or not np.array_equal(batches.rows(5), batches.rows(6))


def test_records_come_in_order_and_count_every_sample():
    made = trainer()
    found = [type(record) for record in made.run() if not type(record).__name__ == "Progress"]
    assert found == [Evaluation, Timing, Evaluation, Timing, Finished]
    assert made.step == 8 == made.steps


def test_the_logged_loss_is_the_one_that_was_differentiated():
    """At step 1 it is the starting network's loss on the first batch, penalty included."""
    made = trainer(layers=(LAYERS["dense"](3),), penalty={"l2": 0.5}, iterations=1, epochs=None)
    weights = made.parameters.copy()
    row = rows(made)[0]
    check = trainer(layers=(LAYERS["dense"](3),), ops="reference", iterations=1, epochs=None)
    plan = check._plan(check.data.train, 16)
    check.parameters[:] = weights
    plan.rows[:] = Batches(50, 16, "shuffle", 0).rows(0)
    plan.run()
    penalty = 0.25 * (weights[: made.network.weights].astype(float) ** 2).sum()
    assert row.train_loss == pytest.approx(plan.total[0] / 16 + penalty, rel=1e-6)


def test_test_columns_are_over_the_whole_split():
    made = trainer()
    row = rows(made)[-1]
    plan = made._plan(made.data.test, 37)
    plan.rows[:] = np.arange(37)
    plan.run()
    assert row.test_loss == pytest.approx(plan.total[0] / 37, rel=1e-6)
    assert row.test_accuracy == plan.total[1] / 37


@pytest.mark.parametrize("sampling", ["shuffle", "replacement"])
@pytest.mark.parametrize("at", [1, 3, 4, 5])
def test_a_resumed_run_has_the_bits_of_the_unbroken_one(at, sampling):
    whole = trainer(sampling=sampling)
    expected = rows(whole)
    first = trainer(sampling=sampling)
    if at >= 4:
        assert next(first.run()) == expected[0]
    while first.step < at:
        first.train_step()
    second = trainer(sampling=sampling)
    second.restore(first.state())
    assert rows(second) == expected[-1 if at >= 4 else 0 :]
    assert same(second.state(), whole.state())


def test_a_checkpoint_of_another_network_optimizer_or_type_is_refused_with_both_values():
    state, made = trainer().state(), trainer(layers=(LAYERS["dense"](3),))
    before = made.state()
    with pytest.raises(
        CheckpointError, match=r"another network.*dense1.bias: float32 \[20\] in the checkpoint, float32 \[3\] now"
    ):
        made.restore(state)
    with pytest.raises(CheckpointError, match=r"optimizer\.1: float32 \[\d+\] in the checkpoint, none now"):
        trainer(optimizer=OPTIMIZERS["momentum"](lr=0.1)).restore(state)
    with pytest.raises(CheckpointError, match=r"dense1.bias: float32 \[20\] in the checkpoint, float64 \[20\] now"):
        trainer(ops="reference").restore(state)
    assert same(made.state(), before)


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_every_optimizer_learns(name):
    rates = {"sgd": 0.5, "momentum": 0.1, "nag": 0.1, "adagrad": 0.1}
    made = trainer(optimizer=OPTIMIZERS[name](lr=rates.get(name, 0.01)), epochs=20, measure="all")
    assert rows(made)[-1].train_accuracy > 0.95


def test_the_reference_backend_trains_to_the_same_numbers():
    fast, exact = rows(trainer()), rows(trainer(ops="reference"))
    assert [row.test_accuracy for row in fast] == [row.test_accuracy for row in exact]
    assert fast[-1].train_loss == pytest.approx(exact[-1].train_loss, rel=1e-4)


def test_batch_of_everything_is_one_step_an_epoch():
    made = trainer(batch_size="all")
    assert made.steps_per_epoch == 1
    assert len(rows(made)) == 2


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid", "tanh"])
def test_backpropagation_agrees_with_central_differences(activation):
    layers = (
        *(LAYERS["conv"](3, 3, pad=1), LAYERS[activation](), LAYERS["maxpool"](2)),
        *(LAYERS["conv"](2, 2), LAYERS["avgpool"](2), LAYERS["flatten"](), LAYERS["dropout"](0.2), LAYERS["dense"](3)),
    )
    made = trainer(layers=layers, ops="reference")
    checked = GradientCheck(made.network, made.data, made.spec).rows()
    assert {row.name for row in checked} == {
        f"{n}.{k}" for n in ("conv1", "conv2", "dense1") for k in ("weight", "bias")
    }
    assert max(row.error for row in checked) < 1e-6


@pytest.mark.parametrize("last", ["flatten", "global_maxpool", "global_avgpool"])
def test_backpropagation_through_the_rarer_layers(last):
    layers = (
        *(LAYERS["conv"](4, 3, pad=1), LAYERS["l2pool"](2), LAYERS["maxout"](2)),
        *(LAYERS["conv"](4, 2), LAYERS["leaky_relu"](0.1), LAYERS[last]()),
        *(LAYERS["dropconnect"](8), LAYERS["maxout"](4), LAYERS["dropconnect"](3, False, 0.2)),
    )
    made = trainer(layers=layers, ops="reference")
    checked = GradientCheck(made.network, made.data, made.spec).rows()
    assert len(checked) == 7
    assert max(row.error for row in checked) < 1e-6


def test_each_batch_drops_other_weights():
    made, dropped = trainer(layers=(LAYERS["dropconnect"](9), LAYERS["dense"](3))), []
    for _ in range(2):
        made.train_step()
        dropped.append(made._running.stages[0].kept == 0)
    assert all(0.3 < mask.mean() < 0.7 for mask in dropped)
    assert 0.3 < np.mean(dropped[0] == dropped[1]) < 0.7


@pytest.mark.parametrize("middle", [(), ("relu",), ("tanh",), ("dropout",)])
@pytest.mark.parametrize("first", [True, False])
def test_a_convolution_may_be_flattened_without_pooling(middle, first):
    """Its gradient wants a margin, and what stands above sees vectors."""
    between = [LAYERS[name]() for name in middle]
    end = [LAYERS["flatten"](), *between] if first else [*between, LAYERS["flatten"]()]
    layers = (LAYERS["conv"](3, 3), LAYERS["conv"](2, 3), *end, LAYERS["dense"](3))
    made = trainer(layers=layers, ops="reference")
    assert max(row.error for row in GradientCheck(made.network, made.data, made.spec).rows()) < 1e-6


def test_the_thread_choice_leaves_a_slow_barrier_and_comes_back(monkeypatch):
    """Two threads are fast, then stall, then are fast again; time is simulated."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("dlab.training.threads.perf_counter", lambda: clock.now)
    monkeypatch.setattr("dlab.training.threads.kernels.set_threads", lambda n: None)
    threads = Threads(2)

    def run_for(seconds, cost):
        end, used = clock.now + seconds, []
        while clock.now < end:
            used.append(threads.now)
            threads.step(lambda: setattr(clock, "now", clock.now + cost[threads.now]))
        return used

    quiet, busy = {1: 1.0e-3, 2: 0.6e-3}, {1: 1.5e-3, 2: 10e-3}
    assert np.mean(np.array(run_for(5, quiet)) == 2) > 0.95
    run_for(0.5, busy)
    assert np.mean(np.array(run_for(5, busy)) == 1) > 0.95
    run_for(2.5, quiet)
    assert np.mean(np.array(run_for(5, quiet)) == 2) > 0.95


def test_eve_hears_the_loss_of_each_batch_and_keeps_it_in_the_checkpoint():
    made = trainer(optimizer=OPTIMIZERS["eve"](lr=0.01))
    made.train_step()
    first = made.memory.copy()
    made.train_step()
    assert first[1] == 1
    assert 0 < first[0] != made.memory[0] > 0
    assert (made.state()["optimizer.memory"] == made.memory).all()
