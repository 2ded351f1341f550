"""Whole steps and whole runs on the emulator, against the float64 reference and against the processor."""

from types import SimpleNamespace

import numpy as np
import pytest

from dlab import kernels
from dlab.data.samples import Samples
from dlab.data.stream import Mapped, Stream
from dlab.errors import Diverged, EnvironmentFault
from dlab.kernels.gpu.emulator import Emulator
from dlab.nn.network import Network
from dlab.registry import INITIALISERS, OPTIMIZERS, PRESETS
from dlab.results.records import Evaluation, Snapshot
from tests.gpu.plans import Arrays, layers, plan
from tests.training.trainers import samples, trainer

pytestmark = pytest.mark.slow  # the emulator compiles each kernel

LENET = PRESETS["lenet"](activation="relu").layers((1, 28, 28), 10)
# Three layers of weights for whole runs, as small as may be: the emulator runs thread after thread.
SMALL = layers(("conv", 4, 3), "relu", ("maxpool", 2), "flatten", ("dense", 12), "tanh", ("dropout", 0.2), ("dense", 3))
HOPELESS = OPTIMIZERS["momentum"](lr=1e30)
BATCH = 16  # everywhere, so that the emulator compiles each kernel once


def data(**changes):
    """Three batches to train with, and one to test."""
    held = {"train": samples(3 * BATCH), "test": samples(BATCH, 1), "validation": None, "scale": 1 / 255, "shift": 0.0}
    return SimpleNamespace(**held | changes)


def made(ops="cuda", optimizer=None, held=None, **train):
    """A trainer of the small network with dropout and a penalty; an epoch has three batches."""
    usual = {"batch_size": BATCH, "eval_batch": BATCH, **train}
    optimizer = optimizer or OPTIMIZERS["momentum"](lr=0.05)
    return trainer(SMALL, optimizer, ops=ops, penalty={"l2": 0.001}, data=held or data(), **usual)


def rows(trainer):
    return [record for record in trainer.run() if isinstance(record, Evaluation)]


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def close(found, wanted):
    """Two states of a run on different devices; weights and the optimizer's arrays."""
    assert found.keys() == wanted.keys()
    for name in wanted:
        if "." in name and name != "optimizer.memory":
            near(found[name], wanted[name], 1e-4)


def near(found, wanted, tolerance):
    assert np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted)


def step(ops, network, parameters, data, batch):
    """Loss, number correct and gradients of the first samples."""
    arrays = Arrays(*(ops.zeros((size,)) for size in (network.size, network.statistics_size, network.size)))
    arrays.parameters[:] = parameters
    built = plan(network, ops, data, batch, arrays, [])
    built.rows[:] = np.arange(batch)
    score = built.script.play([built])[0]
    return score, network.views(ops.fetch(arrays.gradients))


def test_a_step_of_lenet_follows_the_float64_reference(emulate):
    network = Network(LENET, (1, 28, 28))
    start = np.zeros(network.size)
    network.start(start, INITIALISERS["he"](), 0)
    random, labels = np.random.default_rng(1), np.arange(BATCH, dtype=np.int32) % 10
    x = random.integers(0, 256, (BATCH, 1, 28, 28)).astype(np.uint8)
    given = network, start.astype(np.float32), Samples(x=x, labels=labels, targets=np.eye(10)[labels]), BATCH
    score, found = step(emulate(), *given)
    exact, wanted = step(kernels.backend("reference"), *given)
    assert score == pytest.approx(exact, rel=1e-6)
    for name in wanted:
        near(found[name], wanted[name], 3e-6)


def test_training_follows_the_processor(emulate):
    emulate()
    found, wanted = (made(ops, iterations=30, epochs=None, eval_every=10) for ops in ("cuda", "cpu"))
    for row, other in zip(rows(found), rows(wanted), strict=True):
        for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
            assert getattr(row, name) == pytest.approx(getattr(other, name), rel=1e-4)
    assert row.train_loss < 0.7
    close(found.state(), wanted.state())


def test_the_same_bits_in_any_order_of_threads_and_in_stretches_of_any_length(emulate):
    states = []
    for order, stretches in (
        *(("ascending", [9]), ("ascending", [9]), ("ascending", [1] * 9)),
        *(("descending", [3, 6]), ("by chance", [9])),
    ):
        emulate(order)
        trained = made()
        for count in stretches:
            trained.train_step(count)
        states.append(trained.state() | {"test": np.array(trained.evaluator.test())})
    assert all(same(state, states[0]) for state in states)


def test_a_checkpoint_moves_between_the_devices(emulate):
    emulate()
    whole, start, there, back = (made(ops, epochs=3) for ops in ("cpu", "cpu", "cuda", "cpu"))
    expected = rows(whole)
    for _ in range(4):
        start.train_step()
    there.restore(start.state())
    assert same(there.state(), start.state())
    there.train_step(3)
    back.restore(there.state())
    assert same(back.state(), there.state())
    last = rows(back)[-1]
    assert last.step == expected[-1].step == 9
    assert last.test_loss == pytest.approx(expected[-1].test_loss, rel=1e-4)
    close(back.state(), whole.state())


def test_a_resumed_run_has_the_bits_of_the_unbroken_one(emulate):
    emulate()
    whole, first, second = made(), made(), made()
    expected = rows(whole)
    first.train_step(2)
    second.restore(first.state())
    assert rows(second) == expected
    assert same(second.state(), whole.state())


def test_an_optimizer_that_listens_to_the_loss_hears_it(emulate):
    emulate()
    found, wanted = (made(ops, optimizer=OPTIMIZERS["eve"](lr=0.01)) for ops in ("cuda", "cpu"))
    assert len(found.script.lines) == 1
    for one in (found, wanted):
        rows(one)
    assert found.memory == pytest.approx(wanted.memory, rel=1e-4)
    close(found.state(), wanted.state())


def test_samples_on_disk_are_sent_batch_by_batch(emulate):
    emulate()
    splits = {}
    for name in ("train", "test"):
        held = getattr(data(), name)
        splits[name] = Samples(x=Stream(Mapped(held.x, np.uint8)), labels=held.labels, targets=held.targets)
    found = made(held=data(**splits))
    assert len(found.script.lines) == 1
    assert rows(found) == rows(made())


def test_layers_are_watched_on_the_device(emulate):
    emulate()
    seen = []
    for ops in ("cuda", "cpu"):
        watched = made(ops, held=data(train=samples(BATCH)), watch=("activations", "gradients", "weights"))
        seen.append([record.layers for record in watched.run() if isinstance(record, Snapshot)])
    assert len(seen[0]) == len(seen[1]) == 3
    for found, wanted in zip(*(sum(each, ()) for each in seen), strict=True):
        for name, value in vars(wanted).items():
            exact = value if value is None or isinstance(value, str) else pytest.approx(value, rel=1e-3, abs=1e-6)
            assert getattr(found, name) == exact, name


def test_a_loss_that_is_not_finite_is_told_with_its_place(emulate):
    emulate()
    at_once, one_by_one = made(optimizer=HOPELESS), made(optimizer=HOPELESS)
    with pytest.raises(Diverged, match=r"epoch 1, batch 2 \(step 2\)") as found:
        at_once.train_step(6)
    one_by_one.train_step()
    with pytest.raises(Diverged) as wanted:
        one_by_one.train_step()
    assert str(found.value) == str(wanted.value)


def test_what_does_not_fit_the_gpu_is_refused_before_any_is_taken(emulate, monkeypatch):
    emulate()
    monkeypatch.setattr(Emulator, "free_memory", lambda self: 10_000)
    monkeypatch.setattr(Network, "start", None)  # would be called once parameters are there
    with pytest.raises(EnvironmentFault, match=r"of the GPU's memory \(.*and 0\.00 GB are free"):
        made()
