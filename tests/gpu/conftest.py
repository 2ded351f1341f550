"""The CUDA backend on the emulator."""

import pytest

from dlab import kernels
from dlab.kernels import gpu
from dlab.kernels.gpu.emulator import Emulator


@pytest.fixture
def emulate():
    """`emulate(order)`: the CUDA backend on a fresh emulator whose threads run in this order."""

    def use(order="ascending"):
        gpu.use(Emulator(order))
        return kernels.backend("cuda")

    return use
