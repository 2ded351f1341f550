"""The backends that a kernel's test runs on."""

import pytest

from dlab import kernels
from tests.kernels.fast import EMULATED, HARDWARE, Device, Fast, emulated


@pytest.fixture(params=["cpu", *EMULATED, HARDWARE])
def fast(request):
    """The processor, the emulator with its threads in several orders, and a GPU where there is one."""
    if request.param == "cpu":
        return Fast(kernels.backend("cpu"))
    return Fast(Device(_hardware())) if request.param == "hardware" else emulated(request.param)


def _hardware():
    from dlab.kernels.gpu import hardware

    if reason := hardware.missing(0):
        pytest.skip(reason)
    return hardware.Hardware(0)
