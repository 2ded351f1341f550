"""Every kernel of the real networks fits a real GPU; with NVIDIA's compiler at hand, its machine code too."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from dlab.layout import volume
from tests.gpu import gate, plans


@pytest.fixture(scope="module")
def launches():
    return {name: plans.launches(*plans.of(name)) for name in plans.NETWORKS}


def test_grids_and_blocks_are_such_as_a_gpu_takes(launches):
    for name, found in launches.items():
        for launch in found:
            x, y, z = launch.grid
            assert 1 <= x < 2**31, name
            assert 1 <= max(y, z) < 2**16, (name, gate.label(launch.kernel), launch.grid)
            assert volume(launch.block) <= 1024, (name, gate.label(launch.kernel), launch.block)
            assert launch.block[2] <= 64


def test_every_kernel_has_a_ceiling(launches):
    known = json.loads(gate.CEILINGS.read_text())
    assert {gate.label(launch.kernel) for found in launches.values() for launch in found} <= set(known)


@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda is not installed: `make gate` installs it")
def test_the_machine_code_keeps_to_the_ceilings():
    run = [sys.executable, "-m", "tests.gpu.gate"]
    ended = subprocess.run(run, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
