"""Whole runs on a real GPU, where there is one: the same bits every time, what the processor finds, and no fault."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dlab import kernels

REASON = "the GPU is emulated" if kernels.emulates() else kernels.no_gpu()
pytestmark = [pytest.mark.gpu, pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]
MNIST = Path(os.environ.get("DLAB_DATA", "")) / "mnist"
DIGITS = "lenet-digits.yaml", "-s", "train.epochs=2"
TOOLS = "memcheck", "racecheck", "synccheck"


def train(folder, *what, device="cuda", before=(), **variables):
    """Train in a process of its own; its folder."""
    command = [*before, sys.executable, "-m", "dlab", "train", *what, "--device", device, "--no-plots", "-o", folder]
    run = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    (made,) = (Path(folder) / "train").iterdir()
    return made


def rows(folder):
    return list(csv.DictReader((folder / "results.csv").read_text().splitlines()))


def bits(folder):
    return (folder / "results.csv").read_bytes(), (folder / "weights" / "last.safetensors").read_bytes()


def test_the_same_bits_again_and_launch_by_launch(tmp_path):
    found = [
        bits(train(tmp_path / name, *DIGITS, **variables))
        for name, variables in (("graph", {}), ("again", {}), ("eager", {"DLAB_CUDA_EAGER": "1"}))
    ]
    assert found[0] == found[1] == found[2]


def test_it_finds_what_the_processor_finds(tmp_path):
    found, wanted = (rows(train(tmp_path / device, *DIGITS, device=device)) for device in ("cuda", "cpu"))
    for here, there in zip(found, wanted, strict=True):
        assert float(here["test_loss"]) == pytest.approx(float(there["test_loss"]), rel=0.05)
    assert float(found[-1]["test_accuracy"]) > 0.9


@pytest.mark.skipif(not MNIST.is_dir(), reason="DLAB_DATA has no mnist")
def test_lenet_learns_mnist(tmp_path):
    assert float(rows(train(tmp_path, "lenet.yaml"))[-1]["test_accuracy"]) >= 0.985


@pytest.mark.skipif(shutil.which("compute-sanitizer") is None, reason="compute-sanitizer is not installed")
@pytest.mark.parametrize("tool", TOOLS)
def test_the_sanitizer_finds_nothing(tmp_path, tool):
    before = "compute-sanitizer", "--tool", tool, "--error-exitcode", "99"
    few = "-s", "train.iterations=4", "-s", "data.test_limit=64"
    assert rows(train(tmp_path, "lenet-digits.yaml", *few, before=before))
