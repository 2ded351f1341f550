"""The memory plan against what is taken, and that sharing memory changes no bit."""

import subprocess
import sys

import numpy as np
import pytest

from dlab import kernels, machine
from dlab.assemble import build
from dlab.assemble import memory as parts_of
from dlab.errors import EnvironmentFault
from dlab.nn import memory as pools
from dlab.nn.network import Network
from dlab.registry import PRESETS
from dlab.spec import load
from dlab.training.memory import inference_batch, pieces

NETWORKS = {
    "lenet": ("preset: lenet", 28),
    "deep_convnet": ("preset: deep_convnet", 28),
    "alexnet_small": ("preset: alexnet_small, groups: 2, lrn: true", 32),
    "mlp": ("preset: mlp, hidden: [40, 20], normalize: batch, dropout: 0.2, dropconnect: 0.1", 8),
    "unjoined": (
        "layers: [{type: conv, filters: 20, kernel: 3, pad: 1}, tanh, {type: maxpool, kernel: 3, stride: 2}, layernorm,"
        " relu, {type: conv, filters: 18, kernel: 3, stride: 2, pad: 1}, relu, {type: l2pool, kernel: 2},"
        " {type: dense, units: 12}, maxout, {type: dense, units: 10}]",
        16,
    ),
}

SLOW = {"deep_convnet", "alexnet_small", "unjoined"}  # to compile
EVERY = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in NETWORKS]


def spec(name="lenet", *settings):
    model, size = NETWORKS[name]
    given = [f"model={{{model}, init: he}}", f"data.size={size}", "optimizer={name: momentum, lr: 0.01}"]
    return load("lenet-digits.yaml", [*given, "train={epochs: 1, batch_size: 48}", *settings])


def of(parts, *words):
    return sum(part.bytes for part in parts if any(word in part.name for word in words))


def own_memory(monkeypatch):
    """Every array its own, as if plans did not share."""
    monkeypatch.setattr(pools.Pool, "make", lambda self, draft, make: make())


def poison(made):
    """What a plan leaves behind is worth nothing: turn all that is not a margin's form into NaN."""
    pool = made.room._pool
    pool._bytes[: pool.free // 4 * 4].view(np.float32)[:] = np.nan


@pytest.mark.parametrize("name", EVERY)
def test_shared_memory_changes_no_bit(name, monkeypatch):
    shared = build(spec(name), threads=1).trainer
    with monkeypatch.context() as patch:
        own_memory(patch)
        apart = build(spec(name), threads=1).trainer
    for step in range(31):  # the 30th batch is the smaller rest of the epoch
        poison(shared)
        shared.train_step()
        apart.train_step()
        if step % 10 == 0:
            poison(shared)
            assert shared.evaluator.test() == apart.evaluator.test()
    assert np.isfinite(shared.parameters).all()
    assert np.array_equal(shared.parameters, apart.parameters)
    assert np.array_equal(shared.arrays.statistics, apart.arrays.statistics)


@pytest.mark.parametrize("name", EVERY)
def test_what_is_taken_is_what_was_planned(name, monkeypatch):
    wanted = spec(name)
    planned = parts_of(wanted)
    taken = []
    plain = pools.aligned
    for module in (pools, kernels.memory):
        monkeypatch.setattr(module, "aligned", lambda *shape: taken.append(plain(*shape)) or taken[-1])
    build(wanted, threads=1)
    count = sum(array.nbytes for array in taken)
    foretold = sum(part.bytes for part in planned) - of(planned, "data", "process", "checkpoint")
    assert count == pytest.approx(foretold, rel=0.01)
    assert of(planned, "parameters") == of(planned, "state of momentum")


GROWTH = """
import sys
from dlab import machine
from dlab.assemble import build, memory
from dlab.spec import load
spec = load("lenet-digits.yaml", sys.argv[1:])
wanted = sum(part.bytes for part in memory(spec) if part.name not in ("data", "process", "checkpoint"))
before = machine.resident()
trainer = build(spec, threads=1).trainer
trainer.train_step(), trainer.train_step(), trainer.evaluator.test()
print(wanted, machine.resident() - before)
"""


@pytest.mark.slow
def test_a_process_grows_by_what_was_planned():
    settings = ["model.preset=deep_convnet", "train.batch_size=719"]
    for _ in range(2):  # the first one may have to compile
        run = subprocess.run([sys.executable, "-c", GROWTH, *settings], capture_output=True, text=True, check=True)
    wanted, growth = map(int, run.stdout.split())
    assert wanted > 100e6
    assert growth == pytest.approx(wanted, rel=0.1)


def test_too_little_memory_is_told_before_any_is_taken(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 1_000_000)
    monkeypatch.setattr(Network, "start", None)  # would be called once parameters are there
    with pytest.raises(
        EnvironmentFault, match=r"needs 0\.\d\d GB of memory \(.*activations.*\), and 0\.00 GB are free"
    ):
        build(spec("deep_convnet"))


@pytest.mark.parametrize(("count", "batch", "found"), [(50, 16, [16, 2]), (32, 16, [16]), (7, 16, [7])])
def test_a_split_is_cut_into_full_batches_and_the_rest(count, batch, found):
    assert pieces(count, batch) == found


def test_inference_takes_fewer_samples_where_feature_maps_are_large():
    deep = Network(PRESETS["deep_convnet"]().layers((1, 28, 28), 10), (1, 28, 28))
    assert inference_batch(deep, 256) == 256
    huge = Network(PRESETS["deep_convnet"]().layers((3, 280, 280), 10), (3, 280, 280))
    assert inference_batch(huge, 256) == 16  # two maps of 16 x 280 x 280 take 10 MB
    assert inference_batch(huge, 7) == 7


def test_alexnet_trains_in_four_gigabytes():
    parts = parts_of(load("alexnet.yaml"))
    assert [of(parts, name) for name in ("parameters", "state of momentum")] == [4 * 62_378_344] * 2
    assert sum(part.bytes for part in parts) - of(parts, "process") < 2.6e9
    assert of(parts, "training of 16", "inference of 64", "shared") < 300e6


def test_watched_layers_are_counted():
    plain, watched = parts_of(spec()), parts_of(spec("lenet", "train.watch=[activations, gradients]"))
    assert of(plain, "watched") == 0
    assert of(watched, "watched") > of(plain, "parameters")
