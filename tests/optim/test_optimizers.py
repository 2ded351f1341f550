"""The eleven optimizers follow the traces of T35, on the rule itself and on both backends."""

from dataclasses import replace

import numpy as np
import pytest

from dlab import kernels
from dlab.registry import OPTIMIZERS

GRADIENTS, LOSSES = (1.0, -0.5, 0.25), (1.0, 0.5, 0.8)
TRACES = [
    ("sgd", {"lr": 0.1}, (-0.100000000, -0.050000000, -0.075000000)),
    ("momentum", {"lr": 0.1}, (-0.100000000, -0.140000000, -0.201000000)),
    ("nag", {"lr": 0.1}, (-0.190000000, -0.176000000, -0.255900000)),
    ("adagrad", {"lr": 0.1}, (-0.099999990, -0.055278634, -0.077100422)),
    ("adagrad", {"lr": 0.1, "eps_mode": "inside"}, (-0.099999995, -0.055278637, -0.077100425)),
    ("adagrad", {"lr": 0.1, "eps_mode": "inside", "eps": 1e-4, "h0": 1e-4}, (-0.099990001, -0.055272219, -0.077092346)),
    ("rmsprop", {"lr": 0.01}, (-0.099999990, -0.055098669, -0.077109086)),
    ("rmsprop", {"lr": 0.01, "eps_mode": "inside"}, (-0.099999950, -0.055098643, -0.077109054)),
    ("rmsprop_graves", {}, (-0.000458349, -0.000666045, -0.000955827)),
    ("rmsprop_graves", {"momentum": 0.0}, (-0.000458349, -0.000253531, -0.000356386)),
    ("smorms3", {}, (-0.001414214, -0.000623644, -0.001078169)),
    ("smorms3", {"form": "lecture"}, (-0.001414214, -0.000569059, -0.001194603)),
    ("adam", {}, (-0.001000000, -0.001266337, -0.001606766)),
    ("adam", {"bias_correction": False}, (-0.003162277, -0.004294100, -0.005979304)),
    ("adamax", {}, (-0.002000000, -0.002421474, -0.002872560)),
    ("nadam", {}, (-0.002620887, -0.001714209, -0.002349396)),
    ("nadam", {"form": "lecture"}, (-0.002622198, -0.001715067, -0.002350572)),
    ("nadam", {"form": "torch"}, (-0.002112904, -0.001290684, -0.001834798)),
    ("eve", {}, (-0.001000000, -0.001266337, -0.001606902)),
    ("eve", {"form": "lecture"}, (-0.001000000, -0.001266577, -0.001607620)),
]


def trace(backend, optimizer, gradients=GRADIENTS, size=1):
    """w after each step, from w = 0."""
    ops = kernels.backend(backend)
    w, g = ops.zeros((size,)), ops.zeros((size,))
    states = [ops.zeros((size,)) + start for start in optimizer.start()]
    coefficients, memory = ops.zeros((len(optimizer.coefficients(1)),)), np.array(optimizer.memory)
    update = ops.update.apply(optimizer.rule, w, g, states, coefficients, 0, 0.0, 0.0, 0.0, 3.0)
    found = []
    for step, (gradient, loss) in enumerate(zip(gradients, LOSSES, strict=True), start=1):
        g[:] = gradient
        coefficients[:] = optimizer.coefficients(step)
        optimizer.feedback(loss, memory, coefficients)
        update()
        found.append(w.copy())
    return np.array(found)


@pytest.mark.parametrize(("name", "options", "wanted"), TRACES)
def test_trace_in_float64_to_all_printed_digits(name, options, wanted):
    found = trace("reference", OPTIMIZERS[name](**options))[:, 0]
    assert [f"{w:.9f}" for w in found] == [f"{w:.9f}" for w in wanted]


@pytest.mark.parametrize(("name", "options", "wanted"), TRACES)
def test_trace_of_the_compiled_pass_to_single_precision(name, options, wanted):
    found = trace("cpu", OPTIMIZERS[name](**options), size=37)
    assert (found == found[:, :1]).all()  # vector lanes and the rest of the loop agree
    np.testing.assert_allclose(found[:, 0], wanted, rtol=3e-6)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_a_gradient_of_zero_from_the_start_moves_nothing(name):
    for backend in ("reference", "cpu"):
        assert not trace(backend, OPTIMIZERS[name](), gradients=(0.0, 0.0, 0.0)).any()


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_the_first_coefficient_is_the_rate_and_no_other_depends_on_it(name):
    """What a schedule stands on: a scaled rate is a scaled first coefficient."""
    optimizer = OPTIMIZERS[name]()
    for step in (1, 2, 7):
        usual, half = (replace(optimizer, lr=lr).coefficients(step) for lr in (optimizer.lr, optimizer.lr / 2))
        assert half == (usual[0] / 2, *usual[1:])
