"""What surrounds a GPU, over a fake driver: why there is none, graphs, and faults as sentences."""

from types import SimpleNamespace

import numpy as np
import pytest

from dlab import kernels
from dlab.assemble import device_of
from dlab.errors import EnvironmentFault
from dlab.kernels.gpu import devices, hardware

H200 = SimpleNamespace(compute_capability=(9, 0), name=b"NVIDIA H200")


class CudaAPIError(Exception):
    """As the driver's is called."""


def fake(monkeypatch, implementation="NVIDIA", available=True, driver=(13, 0), gpus=(H200,)):
    """A CUDA language over a driver that says this."""
    found = SimpleNamespace(
        implementation=implementation,
        is_available=lambda: available,
        cuda_error=lambda: "\nError at driver init: no libcuda.so:\nmore",
        cudadrv=SimpleNamespace(driver=SimpleNamespace(get_version=lambda: driver)),
        gpus=list(gpus),
    )
    monkeypatch.setattr(hardware, "cuda", found)
    monkeypatch.setattr(hardware, "version", lambda package: "13.5.0")
    return found


@pytest.mark.parametrize(
    ("said", "number", "wanted"),
    [
        ({}, 0, ""),
        ({"implementation": "Built-in"}, 0, "own CUDA target is loaded in place of NVIDIA's"),
        ({"available": False}, 0, "no NVIDIA GPU answers (Error at driver init: no libcuda.so:)"),
        ({"driver": (12, 4)}, 0, "knows CUDA 12.4, and the installed packages speak 13: update the driver, or install"),
        ({}, 1, "there is no cuda:1: this machine has 1 GPU"),
        ({"gpus": [SimpleNamespace(compute_capability=(6, 1))]}, 0, "capability 6.1, and 7.5 or more"),
    ],
)
def test_why_there_is_no_gpu_is_told(monkeypatch, said, number, wanted):
    fake(monkeypatch, **said)
    assert wanted in hardware.missing(number)
    assert bool(hardware.missing(number)) == bool(wanted)


def test_without_the_package_nothing_is_loaded(monkeypatch):
    monkeypatch.delenv(devices.EMULATOR, raising=False)
    monkeypatch.setattr(devices, "find_spec", lambda package: None)
    assert "pip install 'dlab-courses[cuda]'" in kernels.no_gpu("cuda:1")
    assert device_of("auto") == "cpu"
    with pytest.raises(EnvironmentFault, match=r"cuda:1 cannot be used: .* Use --device cpu, or auto"):
        device_of("cuda:1")


def test_auto_takes_a_gpu_but_never_the_emulator(monkeypatch):
    monkeypatch.delenv(devices.EMULATOR, raising=False)
    monkeypatch.setattr(devices, "find_spec", lambda package: package)
    fake(monkeypatch)
    assert device_of("auto") == "cuda"
    monkeypatch.setenv(devices.EMULATOR, "1")
    assert device_of("auto") == "cpu"
    assert device_of("cuda") == "cuda"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (CudaAPIError("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY"), "memory is full: try a smaller"),
        (CudaAPIError("[700] CUDA_ERROR_ILLEGAL_ADDRESS\nmore"), "does not answer any more.*ILLEGAL_ADDRESS"),
    ],
)
def test_what_the_driver_says_becomes_a_sentence(fault, told):
    with pytest.raises(EnvironmentFault, match=told) as caught, hardware._told():
        raise fault
    assert "\n" not in str(caught.value)
    with pytest.raises(KeyError), hardware._told():
        raise KeyError("a fault of dlab's own is none of the driver's")


class Stream:
    """Notes what is put on it; a graph is recorded by launching on a builder."""

    def __init__(self):
        self.done, self.recorded = [], None

    def launch(self, what):
        self.done.append(what)

    def record(self, launches):
        return [launch.__name__ for launch in launches], None

    def replay(self, graph):
        self.done.append(tuple(graph))


@pytest.mark.parametrize(("eager", "wanted"), [(False, ["a", "b", ("a", "b"), ("a", "b")]), (True, ["a", "b"] * 3)])
def test_a_graph_runs_once_launch_by_launch_and_is_then_replayed(eager, wanted):
    stream = Stream()

    def a():
        stream.launch("a")

    def b():
        stream.launch("b")

    graph = hardware.Graph(stream, [a, b], eager)
    for _ in range(3):
        graph()
    assert stream.done == wanted


@pytest.mark.gpu
def test_a_real_gpu_keeps_what_it_is_given():
    if reason := kernels.no_gpu():
        pytest.skip(reason)
    gpu, given = hardware.Hardware(), np.arange(1000, dtype=np.float32)
    twin, found = gpu.take(given.view(np.uint8), 64), np.zeros(10, np.float32)
    gpu.read(twin, 64 + 400, found)
    assert np.array_equal(found, given[100:110])
    gpu.write(twin, 64, found)
    gpu.read(twin, 64, found)
    assert np.array_equal(found, given[100:110])
    assert gpu.free_memory() > 0
    assert gpu.facts()["gpu"]
