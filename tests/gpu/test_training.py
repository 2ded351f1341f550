"""Whole steps and whole runs on the emulator, against the float64 reference and against the processor."""

from types import SimpleNamespace

import numpy as np
import pytest

from dlab import kernels
from dlab.data.dataset import Samples
from dlab.data.stream import Mapped, Stream
from dlab.errors import Diverged, EnvironmentFault
from dlab.kernels.gpu.emulator import Emulator
from dlab.nn.network import Network
from dlab.registry import INITIALISERS, LOSSES, OPTIMIZERS, PRESETS
from dlab.results.records import Evaluation, Snapshot
from tests.gpu.plans import Arrays, layers, plan
from tests.training.test_trainer import dataset, trainer

SMALL = layers(
    *(("conv", 4, 3), "relu", ("maxpool", 2), "flatten"),
    *(("dense", 12), "tanh", ("dropout", 0.2), ("dense", 3)),
)


def made(ops="cuda", layers=SMALL, optimizer=None, penalty=None, **train):
    """A trainer of a small network with three layers of weights, two epochs of 16, 16, 16 and 2 samples."""
    optimizer = optimizer or OPTIMIZERS["momentum"](lr=0.05)
    return trainer(layers, optimizer, ops=ops, penalty={"l2": 0.001} if penalty is None else penalty, **train)


def rows(trainer):
    return [record for record in trainer.run() if isinstance(record, Evaluation)]


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


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
    shape, batch = (1, 28, 28), 6
    network, random = Network(PRESETS["lenet"](activation="relu").layers(shape, 10), shape), np.random.default_rng(1)
    start = np.zeros(network.size)
    network.start(start, INITIALISERS["he"](), 0)
    labels = random.integers(0, 10, 8).astype(np.int32)
    x = random.integers(0, 256, (8, *shape)).astype(np.uint8)
    data = Samples(x=x, labels=labels, targets=np.eye(10, dtype=np.float32)[labels])
    score, found = step(emulate(), network, start.astype(np.float32), data, batch)
    exact, wanted = step(kernels.backend("reference"), network, start.astype(np.float32), data, batch)
    assert score == pytest.approx(exact, rel=1e-6)
    for name in wanted:
        near(found[name], wanted[name], 3e-6)


def test_training_follows_the_processor(emulate):
    emulate()
    found, wanted = (
        made(iterations=30, epochs=None, eval_every=10),
        made("cpu", iterations=30, epochs=None, eval_every=10),
    )
    for row, other in zip(rows(found), rows(wanted), strict=True):
        for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
            assert getattr(row, name) == pytest.approx(getattr(other, name), rel=1e-4)
    state, other = found.state(), wanted.state()
    for name in other:
        near(state[name], other[name], 1e-4)


def test_the_same_bits_in_any_order_of_threads_and_in_stretches_of_any_length(emulate):
    states = []
    for order, stretches in (
        *(("ascending", [8]), ("ascending", [8]), ("ascending", [1] * 8)),
        *(("descending", [3, 5]), ("by chance", [8])),
    ):
        emulate(order)
        trained = made()
        for count in stretches:
            trained.train_step(count)
        states.append(trained.state() | {"test": np.array(trained.evaluator.test())})
    assert all(same(state, states[0]) for state in states)


def test_a_checkpoint_moves_between_the_devices(emulate):
    emulate()
    whole, start = made("cpu", epochs=3), made("cpu", epochs=3)
    expected = rows(whole)
    start.train_step(), start.train_step(), start.train_step(), start.train_step(), start.train_step()
    there = made(epochs=3)
    there.restore(start.state())
    assert same(there.state(), start.state())
    there.train_step(4)
    back = made("cpu", epochs=3)
    back.restore(there.state())
    assert same(back.state(), there.state())
    last = rows(back)[-1]
    assert last.step == expected[-1].step == 12
    assert last.test_loss == pytest.approx(expected[-1].test_loss, rel=1e-4)
    for name, value in whole.state().items():
        near(back.state()[name], value, 1e-4)


def test_a_resumed_run_has_the_bits_of_the_unbroken_one(emulate):
    emulate()
    whole, first, second = made(), made(), made()
    expected = rows(whole)
    first.train_step(3)
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
    near(found.state()["dense1.weight"], wanted.state()["dense1.weight"], 1e-4)


def test_samples_on_disk_are_sent_batch_by_batch(emulate):
    emulate()
    resident, streamed = dataset(), dataset()
    for split in ("train", "test"):
        held = getattr(resident, split)
        x = Stream(Mapped(held.x, np.uint8))
        setattr(streamed, split, Samples(x=x, labels=held.labels, targets=held.targets))
    found = made(data=streamed)
    assert len(found.script.lines) == 1
    assert rows(found) == rows(made(data=resident))


def test_layers_are_watched_on_the_device(emulate):
    emulate()
    seen = [
        [
            record
            for record in made(ops, watch=("activations", "gradients", "weights")).run()
            if isinstance(record, Snapshot)
        ]
        for ops in ("cuda", "cpu")
    ]
    for found, wanted in zip(*seen, strict=True):
        for row, other in zip(found.layers, wanted.layers, strict=True):
            numbers, expected = vars(row), vars(other)
            for name in ("layer", "activation"):
                assert numbers.pop(name) == expected.pop(name)
            assert numbers == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_a_loss_that_is_not_finite_is_told_with_its_place(emulate):
    places = []
    for ops in ("cuda", "cpu"):
        emulate()
        hopeless = made(ops, optimizer=OPTIMIZERS["sgd"](lr=1e30), epochs=2)
        with pytest.raises(Diverged) as caught:
            hopeless.train_step(8) if ops == "cuda" else rows(hopeless)
        places.append(str(caught.value).partition(" in ")[2])
    assert places[0] == places[1]


def test_what_does_not_fit_the_gpu_is_refused_before_any_is_taken(emulate, monkeypatch):
    emulate()
    monkeypatch.setattr(Emulator, "free_memory", lambda self: 10_000)
    monkeypatch.setattr(Network, "start", None)  # would be called once parameters are there
    with pytest.raises(EnvironmentFault, match=r"of the GPU's memory \(.*and 0\.00 GB are free"):
        made()


def test_regression_runs_too(emulate):
    emulate()
    random = np.random.default_rng(2)
    x = random.normal(size=(20, 3)).astype(np.float32)
    held = Samples(x=x, labels=None, targets=np.stack([x.sum(axis=1), x[:, 0]], axis=1))
    data = SimpleNamespace(train=held, test=None, validation=None, scale=1.0, shift=0.0)
    found, wanted = (
        rows(trainer(layers(("dense", 2)), OPTIMIZERS["sgd"](lr=0.1), loss="mse", ops=ops, data=data))
        for ops in ("cuda", "cpu")
    )
    assert LOSSES["mse"]().kernel == "squared_error"
    assert found[-1].train_loss == pytest.approx(wanted[-1].train_loss, rel=1e-5)
    assert found[-1].test_loss is None
