"""The backends that a kernel's test runs on."""

import numpy as np
import pytest

from dlab import kernels
from dlab.kernels.calls import Bound
from tests.kernels.fast import EMULATED, HARDWARE, Device, Fast, emulated


@pytest.fixture(params=["cpu", *EMULATED, HARDWARE])
def fast(request):
    """The processor, the emulator with its threads in several orders, and a GPU where there is one."""
    if request.param == "cpu":
        return Fast(kernels.backend("cpu"))
    return Fast(Device(_hardware())) if request.param == "hardware" else emulated(request.param)


@pytest.fixture(autouse=True)
def every_call_changes_only_what_it_says(monkeypatch):
    """Kernels that share no array that either writes run at the same time: what they say of that has to be true."""
    run = Bound.__call__

    def checked(call):
        written = [call.arguments[place] for place in call.run.writes]
        arrays = [argument for argument in call.arguments if isinstance(argument, np.ndarray)]
        others = [array for array in arrays if not any(np.may_share_memory(array, own) for own in written)]
        before = [array.tobytes() for array in others]
        run(call)
        assert not written or [array.tobytes() for array in others] == before

    monkeypatch.setattr(Bound, "__call__", checked)


def _hardware():
    from dlab.kernels.gpu import hardware

    if reason := hardware.missing(0):
        pytest.skip(reason)
    return hardware.Hardware(0)
