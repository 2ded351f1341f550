"""What all reference kernels promise: nothing happens until the call, inputs stay, outputs are written in full."""

from typing import NamedTuple

import numpy as np
import pytest

from dlab.kernels.activation import reference as activation
from dlab.kernels.convolution import reference as convolution
from dlab.kernels.dense import reference as dense
from dlab.kernels.dropout import reference as dropout
from dlab.kernels.gather import reference as gather
from dlab.kernels.local import reference as local
from dlab.kernels.loss import reference as loss
from dlab.kernels.lrn import reference as lrn
from dlab.kernels.normalisation import reference as normalisation
from dlab.kernels.pooling import reference as pooling
from dlab.kernels.update import reference as update
from tests.kernels.arrays import numbers, poison

X, W, B, Y = numbers(2, 3, 7, 7), numbers(4, 3, 3, 3), numbers(4), numbers(2, 4, 5, 5)
POOLED, CODE, CODES = numbers(2, 4, 2, 2), np.ones((2, 4, 2, 2), np.uint8), np.ones((2, 3, 4, 4), np.int32)
VECTORS, MATRIX = numbers(2, 5), numbers(4, 5)
KEY, ROWS, LABELS = np.array([1], np.uint32), np.array([1, 0]), np.array([1, 0], np.int32)
LOCAL = numbers(5, 5, 3, 3, 3, 4)
BYTE, INT = np.uint8, np.int32
TOTAL = np.zeros(2)  # adds up, so it is neither input nor output here
THREE, SAMPLE = (numbers(3), 1 + numbers(3) ** 2), (numbers(2), 1 + numbers(2) ** 2)


class Output(NamedTuple):
    """Marks an argument as an output."""

    shape: tuple
    dtype: type


def out(*shape, dtype=float):
    return Output(shape, dtype)


CALLS = {
    "convolution forward": (convolution.forward, X, W, B, out(2, 4, 5, 5)),
    "convolution fused": (convolution.forward, X, W, B, out(2, 4, 2, 2), 1, 0.0, out(2, 4, 2, 2, dtype=BYTE)),
    "convolution data": (convolution.data_gradient, Y, W, out(2, 3, 5, 5), 1, 1, 0, X[:, :, 1:6, 1:6], 0.1),
    "convolution strided data": (convolution.data_gradient, Y, W, out(2, 3, 12, 12), 2),
    "convolution weights": (convolution.weight_gradient, X, Y, out(4, 3, 3, 3), out(4)),
    "convolution pooled": (convolution.pooled_weight_gradient, X, POOLED, POOLED, CODE, out(4, 3, 3, 3), out(4)),
    "local forward": (local.forward, X, LOCAL, LOCAL[:, :, 0, 0, 0], out(2, 4, 5, 5), 1, 0.1),
    "local data": (local.data_gradient, Y, LOCAL, out(2, 3, 5, 5), 1, 1, X[:, :, 1:6, 1:6], 0.1),
    "local weights": (local.weight_gradient, X, Y, out(5, 5, 3, 3, 3, 4), out(5, 5, 4), 1, 1),
    "max forward": (pooling.max_forward, X, out(2, 3, 4, 3), out(2, 3, 4, 3, dtype=INT), (3, 4), (2, 2), 1),
    "max backward": (pooling.max_backward, X[:, :, :4, :4], CODES, out(2, 3, 8, 8), (2, 2), (2, 2), 0),
    "average forward": (pooling.average_forward, X, out(2, 3, 4, 4), (3, 3), (2, 2), 1),
    "average backward": (pooling.average_backward, X[:, :, :4, :4], out(2, 3, 9, 9), (2, 2), (2, 2), 0),
    "l2 forward": (pooling.l2_forward, X, out(2, 3, 4, 4), (3, 3), (2, 2), 1),
    "l2 backward": (pooling.l2_backward, X[:, :, :3, :3], X, X[:, :, :3, :3], out(2, 3, 7, 7), (2, 2), (2, 2), 0),
    "unpool": (pooling.unpool, POOLED, POOLED, CODE, out(2, 4, 5, 5), 0.1),
    "dense forward": (dense.forward, VECTORS, MATRIX, B, out(2, 4), 0.0),
    "dense data": (dense.data_gradient, VECTORS[:, :4], MATRIX, out(2, 5), VECTORS, 0.1),
    "dense weights": (dense.weight_gradient, VECTORS, VECTORS[:, :4], out(4, 5), out(4)),
    "activation forward": (activation.forward, "tanh", X, out(2, 3, 7, 7)),
    "activation backward": (activation.backward, "sigmoid", X, X, out(2, 3, 7, 7)),
    "dropout": (dropout.apply, X, out(2, 3, 7, 7), KEY, 0.5, 2.0),
    "dropped weights": (dropout.drop_weights, MATRIX, out(4, 5), KEY, 0.5),
    "dropout at inference": (dropout.scale_by, X, out(2, 3, 7, 7), 0.5),
    "cross entropy": (loss.softmax_cross_entropy, VECTORS, LABELS[:1], out(2, 5), TOTAL),
    "squared error": (loss.squared_error, VECTORS, VECTORS[:1], out(2, 5), TOTAL),
    "batch inference": (normalisation.batch_inference, X, *THREE, out(2, 3, 7, 7), THREE, 1e-5, 0.1),
    "batch backward": (normalisation.batch_backward, X, X, *THREE, THREE, out(2, 3, 7, 7), out(3), out(3), 0.1, 1),
    "layer backward": (normalisation.layer_backward, X, X, X[0], X[1], SAMPLE, out(2, 3, 7, 7), *[out(3, 7, 7)] * 2),
    "lrn forward": (lrn.forward, X, out(2, 3, 7, 7), 5, 2.0, 1e-4, 0.75),
    "lrn backward": (lrn.backward, X, X, out(2, 3, 7, 7), 5, 2.0, 1e-4, 0.75),
    "pack": (gather.pack, VECTORS, ROWS, out(3, 5), 2.0, 1.0),
    "take": (gather.take, VECTORS, ROWS, out(2, 5)),
}


def written(function, *arguments):
    """The outputs of a bound call, after checking that binding alone writes nothing and that inputs stay."""
    made = [poison(*a.shape, dtype=a.dtype) if isinstance(a, Output) else a for a in arguments]
    outputs = [array for array, a in zip(made, arguments, strict=True) if isinstance(a, Output)]
    inputs = [a for a in arguments if isinstance(a, np.ndarray) and a is not TOTAL]
    before = [array.tobytes() for array in inputs]
    poisoned = [array.tobytes() for array in outputs]
    call = function(*made)
    assert [array.tobytes() for array in outputs] == poisoned
    call()
    assert [array.tobytes() for array in inputs] == before
    once = [array.copy() for array in outputs]
    call()
    for first, second in zip(once, outputs, strict=True):
        assert first.tobytes() == second.tobytes()
    return outputs


@pytest.mark.parametrize(("function", "arguments"), [(c[0], c[1:]) for c in CALLS.values()], ids=CALLS)
def test_outputs_are_written_in_full_and_inputs_stay(function, arguments):
    for output in written(function, *arguments):
        assert not np.any(np.isnan(output) if output.dtype == float else output == 99)


def test_update_keeps_the_gradient():
    w, g = numbers(5), numbers(5, seed=1)
    before = g.copy()
    update.apply("sgd", w, g, (), np.array([0.1]), 3, 0.1, 0.1, 0.1, 3.0)()
    assert np.array_equal(g, before)
    assert not np.array_equal(w, numbers(5))
