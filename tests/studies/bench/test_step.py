"""A training step call by call: every call belongs to a layer and a direction, and the rows sum to the whole."""

import numpy as np
import pytest

from dlab.assemble import build
from dlab.report import steps
from dlab.spec import load
from dlab.studies.bench import step

LAYERS = """
data: {name: digits, train_limit: 50, test_limit: 10}
model:
  layers:
    - {type: conv, filters: 4, kernel: 3, pad: same}
    - relu
    - {type: avgpool, kernel: 2}
    - {type: conv, filters: 4, kernel: 3}
    - leaky_relu
    - {type: maxpool, kernel: 2}
    - batchnorm
    - flatten
    - {type: dropconnect, units: 6}
    - tanh
    - {type: dense, units: 10}
optimizer: {name: eve}
train: {batch_size: 20, epochs: 1, clip: 1.0}
device: reference
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """An experiment of many kinds of layers, and the times of a few of its steps."""
    path = tmp_path_factory.mktemp("spec") / "layers.yaml"
    path.write_text(LAYERS)
    experiment = build(load(path), named=True)
    return experiment, step.measure(experiment.trainer, 0.01)


@pytest.fixture
def rows(measured):
    experiment, times = measured
    return step.rows(times, experiment.network.nodes, fma_limit=100.0)


def kernels(rows, layer, direction):
    return [row.kernel for row in rows if (row.layer, row.direction) == (layer, direction)]


def test_the_segments_are_the_plans_calls(measured):
    plan = measured[1].plan
    assert [call for segment in plan.segments for call in segment.calls] == plan.calls


def test_every_call_stands_where_it_belongs(rows):
    assert kernels(rows, "conv1", "forward") == ["convolution forward"]
    assert kernels(rows, "conv1", "data gradient") == ["activation backward"]
    assert kernels(rows, "conv2", "weight gradient") == ["convolution pooled_weight_gradient"]
    assert kernels(rows, "conv2", "data gradient") == ["pooling unpool", "convolution data_gradient"]
    assert kernels(rows, "avgpool1", "data gradient") == ["pooling average_backward"]
    assert kernels(rows, "dropconnect1", "forward") == ["dropout drop_weights", "dense forward"]
    assert kernels(rows, "dropconnect1", "weight gradient") == ["dense weight_gradient", "dropout drop_weights"]
    assert kernels(rows, "", "gather") == ["gather pack"]
    assert kernels(rows, "", "loss") == ["gather take", "loss softmax_cross_entropy"]
    assert kernels(rows, "", "update") == ["update clip", "feedback", "update apply"]


def test_what_a_stage_absorbed_stands_beside_it(rows):
    joined = {row.layer: row.joined for row in rows}
    assert joined["conv1"] == "relu"
    assert joined["conv2"] == "leaky_relu + maxpool"
    assert joined["batchnorm1"] == joined["dense1"] == joined[""] == ""


def test_work_is_counted_once_a_direction(measured, rows):
    adds = {node.name: node.layer.multiply_adds(node.input) for node in measured[0].network.nodes}
    flops = {name: sum(row.flops for row in rows if row.layer == name) for name in adds}
    assert flops["conv1"] == 2 * 2 * 20 * adds["conv1"]  # nobody asks for the gradient of the data
    assert flops["conv2"] == 3 * 2 * 20 * adds["conv2"]
    assert flops["dropconnect1"] == 3 * 2 * 20 * adds["dropconnect1"]
    assert flops["batchnorm1"] == flops["avgpool1"] == 0


def test_bytes_are_those_of_the_arrays(measured, rows):
    first, forward = rows[:2]
    images = 20 * 64 * 8  # float64 on the reference
    assert first.bytes == 20 * 64 * measured[0].data.train.x.itemsize + 20 * 8 + images
    x, y, w, b = 20 * 100 * 8, 20 * 4 * 64 * 8, 4 * 9 * 8, 4 * 8
    assert forward.bytes == x + y + w + b


def test_the_table_sums_to_the_whole(rows):
    assert sum(row.share for row in rows) == pytest.approx(1)
    parts = steps.parts(rows)
    assert sum(part.total for part in parts) == pytest.approx(sum(row.seconds for row in rows))
    assert (parts[0].name, parts[-2].name, parts[-1].name) == ("gather", "loss", "update")
    *lines, whole = zip(*(column.cells for column in steps.table(rows).columns), strict=True)
    assert all(cell.isprintable() for line in (*lines, whole) for cell in line)  # what is not is printed escaped
    cells = np.array([line[2:7] for line in (*lines, whole)])
    numbers, unsure = np.vectorize(_number)(cells), np.vectorize(_rounding)(cells)
    assert (np.abs(numbers[:-1].sum(0) - numbers[-1]) <= unsure.sum(0)).all()
    assert (np.abs(numbers[:, :-1].sum(1) - numbers[:, -1]) <= unsure.sum(1)).all()


def _number(cell):
    return float(cell.replace(",", "") or 0)


def _rounding(cell):
    """How far a printed number can be from the one it stands for: half a unit of its last digit."""
    return 0.5001 * 10.0 ** -len(cell.partition(".")[2]) if cell else 0.0


def test_only_full_batches_are_measured(measured):
    times = measured[1]
    assert times.plan.batch == 20
    assert {len(seconds) for seconds in times.calls} == {len(times.whole)}
    assert len(times.whole) >= step.LEAST


def test_named_calls_train_to_the_same_bits():
    spec = load("lenet-digits", ["train.epochs=1", "data.train_limit=100", "data.test_limit=10"])
    found = []
    for named in (False, True):
        trainer = build(spec, "reference", named=named).trainer
        list(trainer.run())
        found.append(trainer.parameters)
    assert found[0].tobytes() == found[1].tobytes()
