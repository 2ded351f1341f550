"""Runs that end early: asked to, because they learn no more, or because numbers are no longer finite."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from dlab.errors import Diverged
from dlab.registry import LAYERS, OPTIMIZERS
from dlab.results.records import Evaluation, Finished, Timing, Validated, score
from tests.training.trainers import dataset, rows, same, samples, trainer


def test_stopping_ends_after_the_batch_without_an_extra_row():
    made = trainer()
    made.stop()
    assert [type(record) for record in made.run()] == [Finished]


def test_divergence_names_the_place():
    made = trainer(optimizer=OPTIMIZERS["sgd"](lr=1e30), layers=(LAYERS["dense"](9), LAYERS["dense"](3)))
    with pytest.raises(Diverged, match=r"epoch 1, batch [1-4].*learning rate 1e\+30"):
        rows(made)


SIGMOID = (LAYERS["flatten"](), LAYERS["dense"](8), LAYERS["sigmoid"](), LAYERS["dense"](3))
NORMALISED = (LAYERS["flatten"](), LAYERS["dense"](8), LAYERS["batchnorm"](), LAYERS["tanh"](), LAYERS["dense"](3))
PLACES = [
    (layers, name) for layers in (SIGMOID, NORMALISED) for name in trainer(layers, ops="reference").arrays.named()
]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("layers", "name"), PLACES, ids=[f"{len(layers)}-{name}" for layers, name in PLACES])
def test_what_is_not_finite_stops_the_run_and_is_never_kept(layers, name, bad):
    made = trainer(layers, ops="reference", eval_every=2)
    made.arrays.named()[name].reshape(-1)[-1] = bad
    place = r"in epoch 1, batch [12] \(step [12]\), at learning rate 0.01"
    with np.errstate(all="ignore"), pytest.raises(Diverged, match=place):
        list(made.run())
    with pytest.raises(Diverged):
        made.state()


def test_a_pixel_that_is_not_finite_stops_the_run_at_its_batch():
    data = dataset()
    data.train = replace(data.train, x=data.train.x.astype(np.float32))
    made = trainer(data=data, ops="reference")
    made.data.train.x[made.batches.rows(2)[5], 0, 3, 3] = np.nan
    with pytest.raises(Diverged, match=r"became nan in epoch 1, batch 3 \(step 3\)"):
        list(made.run())


def test_a_test_loss_that_is_not_finite_stops_the_run_without_a_row():
    data = dataset()
    data.test = replace(data.test, x=np.full(data.test.x.shape, np.inf, np.float32))
    records = []
    with np.errstate(all="ignore"), pytest.raises(Diverged, match=r"the test loss became nan in epoch 1"):
        records.extend(trainer(data=data, ops="reference").run())
    assert not records


def stop_at(made, batch):
    """Stop at the so-manieth batch that is evaluated."""
    left = [batch]

    def counted(run):
        left[0] -= 1
        if left[0] == 0:
            made.stop()
        run()

    for plan in made.evaluator._plans_of(made.data.test):
        plan.run = partial(counted, plan.run)


@pytest.mark.parametrize(("batch", "before"), [(1, 0), (2, 0), (5, 1)])
def test_a_run_that_is_stopped_while_it_evaluates_goes_on_with_the_evaluation(batch, before):
    whole = trainer(ops="reference", eval_batch=16)  # two evaluations of three batches
    wanted = rows(whole)
    made, again = (trainer(ops="reference", eval_batch=16) for _ in range(2))
    stop_at(made, batch)
    records = list(made.run())
    found = [record for record in records if isinstance(record, Evaluation)]
    assert (records[-1].reason, len(found)) == ("stopped", before)
    again.restore(made.state())
    rest = list(again.run())
    assert rest[-1].reason == "done"
    assert found + [record for record in rest if isinstance(record, Evaluation)] == wanted
    assert min(record.samples_per_second for record in rest if isinstance(record, Timing)) == 0
    assert same(again.state(), whole.state())


def test_a_run_that_is_stopped_in_its_last_batch_is_done():
    made = trainer(ops="reference", eval_batch=16)
    stop_at(made, 6)
    assert [record.reason for record in made.run() if isinstance(record, Finished)] == ["done"]


def test_early_stop_waits_as_long_as_it_was_told():
    stop = SimpleNamespace(patience=2, min_delta=100.0)
    made = trainer(epochs=50, early_stop=stop)
    records = list(made.run())
    assert records[-1] == Finished("early stop", 12)


def test_a_run_that_had_stopped_early_has_stopped_when_it_is_gone_on_with():
    stop = SimpleNamespace(patience=2, min_delta=100.0)
    first, second = trainer(epochs=50, early_stop=stop), trainer(epochs=50, early_stop=stop)
    list(first.run())
    second.restore(first.state())
    assert list(second.run()) == [Finished("early stop", 12)]
    assert same(second.state(), first.state())


def test_a_validation_split_is_measured_and_decides_when_to_stop():
    data = dataset(validation=samples(20, 5))
    made = trainer(data=data)
    row = rows(made)[-1]
    plan = made._plan(data.validation, 20)
    plan.rows[:] = np.arange(20)
    plan.run()
    assert isinstance(row, Validated)
    assert row.validation_loss == pytest.approx(plan.total[0] / 20, rel=1e-6)
    assert row.validation_accuracy == plan.total[1] / 20
    assert score(row) == row.validation_loss
    stop = made.evaluator.patience
    stop.options = SimpleNamespace(patience=1, min_delta=0.0)
    assert not stop.exhausted(replace(row, validation_loss=0.5, test_loss=9.0))
    assert not stop.exhausted(replace(row, validation_loss=0.4, test_loss=99.0))
    assert stop.exhausted(replace(row, validation_loss=0.6, test_loss=0.1))
