"""The fast backends as the tests see them: lane blocks on the processor, and on a GPU or its emulator."""

from math import prod

import numpy as np
import pytest

from dlab import kernels
from dlab.kernels import gpu
from dlab.kernels.gpu.emulator import Emulator

REFERENCE = kernels.Reference()
SAMPLES = 35  # two full blocks of the processor's lanes and three of another; a warp and three lanes of another
EMULATED = "ascending", "descending", "by chance"  # orders of the threads
HARDWARE = pytest.param("hardware", marks=pytest.mark.gpu)


def on_cases(all_cases, few, slow=()):
    """A mark: the processor tries all cases and the slow ones, a device a few, since it compiles each case anew."""
    devices = [pytest.param(order, case) for order in EMULATED for case in few]
    hardware = [pytest.param(*HARDWARE.values, case, marks=HARDWARE.marks) for case in few]
    pairs = [pytest.param("cpu", case) for case in all_cases] + devices + hardware
    pairs += [pytest.param("cpu", case, marks=pytest.mark.slow) for case in slow]
    return pytest.mark.parametrize(("fast", "case"), pairs, indirect=["fast"])


class Fast:
    """A backend with what turns arrays of samples into its form and back."""

    def __init__(self, ops):
        self.ops = ops
        self.total = np.float32 if ops.name == "cuda" else np.float64  # numbers that sums over batches are added to

    def few(self, cases, count):
        """All cases on the processor, the first ones on a GPU, where each is a kernel of its own to compile."""
        return cases if self.ops.name == "cpu" else cases[:count]

    def lanes(self, x, margin=0):
        """[N, ...] as a buffer with a margin."""
        buffer = self.ops.buffer(x.shape[1:], len(x), margin)
        blocks, lanes = self.ops.lanes(len(x))
        full = np.zeros((blocks * lanes, *x.shape[1:]), np.float32)
        full[: len(x)] = x
        buffer.view()[...] = np.moveaxis(full.reshape(blocks, lanes, *x.shape[1:]), 1, -1)
        return buffer

    def room(self, *shape, kind=np.float32):
        """A poisoned output for SAMPLES samples."""
        blocks, lanes = self.ops.lanes(SAMPLES)
        return np.full((blocks, *shape, lanes), np.nan if kind is np.float32 else 99, kind)

    def read(self, found, samples=SAMPLES):
        """The samples as [N, ...]."""
        return self._by_sample(found)[:samples]

    def beyond(self, found):
        """The lanes that hold no sample, as a view."""
        return found[-1, ..., SAMPLES % found.shape[-1] :]

    def check(self, found, wanted, tolerance=2e-6):
        """Relative difference in the Euclidean norm; `found` may be lane blocks."""
        found = self.read(found) if found.ndim > wanted.ndim else found
        assert np.linalg.norm(found - wanted) <= tolerance * max(np.linalg.norm(wanted), 1e-30)

    def _by_sample(self, found):
        together = np.moveaxis(found, -1, 1)
        return together.reshape(prod(together.shape[:2]), *together.shape[2:])


class Device(kernels.CUDA):
    """CUDA whose calls show the device the host's arrays before, and fetch them afterwards."""

    def __init__(self, device):
        gpu.use(device)
        super().__init__()
        for operation in kernels.OPERATIONS:
            setattr(self, operation, _Shown(getattr(self, operation)))


class _Shown:
    def __init__(self, module):
        self._module = module

    def __getattr__(self, function):
        bind = getattr(self._module, function)

        def bound(*arguments, **options):
            call, found = bind(*arguments, **options), list(_arrays([*arguments, *options.values()]))

            def run():
                for array in found:
                    gpu.mirrors().send(_root(array))
                call()
                for array in found:
                    gpu.mirrors().fetch(array)

            return run

        return bound


def emulated(order):
    """The CUDA backend on the emulator."""
    return Fast(Device(Emulator(order)))


def _root(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _arrays(arguments):
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            yield argument
        elif isinstance(argument, list | tuple):
            yield from _arrays(argument)
