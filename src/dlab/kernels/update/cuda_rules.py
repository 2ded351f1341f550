"""The rules and the penalties as device functions: the same sources, with what CUDA lacks of NumPy beside them."""

import math
from functools import cache
from types import FunctionType, ModuleType

import numpy as np

from dlab.kernels.gpu.language import cuda
from dlab.kernels.update import penalties, rules

ONE, ZERO = np.float32(1), np.float32(0)
NUMPY = ModuleType("numpy")  # what the rules know as np


@cuda.jit(device=True)
def _minimum(a, b):
    """The smaller one, not a number where either is none."""
    return a if a < b or a != a else b


@cuda.jit(device=True)
def _maximum(a, b):
    """The larger one, not a number where either is none."""
    return a if a > b or a != a else b


@cuda.jit(device=True)
def _sign(a):
    """1, -1, or a itself where it is 0 or not a number."""
    return ONE if a > ZERO else (-ONE if a < ZERO else a)


vars(NUMPY).update(sqrt=math.sqrt, abs=abs, minimum=_minimum, maximum=_maximum, sign=_sign)


def _on_device(function):
    """A plain function of numbers, for kernels to call."""
    return cuda.jit(device=True)(FunctionType(function.__code__, {**function.__globals__, "np": NUMPY}))


@cache
def rule(name):
    """The rule of this name, (w, g, m, v, z, c) -> (w, m, v, z)."""
    return _on_device(getattr(rules, name))


power, penalised = _on_device(penalties.power), _on_device(penalties.penalised)
