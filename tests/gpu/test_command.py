"""`--device cuda` from the command line, in this process, on the emulator and without any GPU."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from dlab.cli.group import dlab as group
from dlab.kernels import gpu
from dlab.kernels.gpu import devices


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder; returns its result."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(group, arguments, prog_name="dlab")


@pytest.fixture
def emulator(monkeypatch):
    """The emulator stands in for the GPU."""
    monkeypatch.setenv(devices.EMULATOR, "ascending")
    gpu.use(devices.chosen(0))


@pytest.mark.slow
@pytest.mark.usefixtures("emulator")
def test_a_run_on_the_gpu_and_its_end_on_the_processor(run):
    settings = "train.iterations=60", "train.eval_every=20"
    told = run("train", "xor", "--device", "cuda", "--no-plots", *(word for s in settings for word in ("-s", s)))
    assert told.exit_code == 0, told.output
    assert "computing on cuda: emulated on the processor" in told.stderr
    folder = Path("results/train/xor")
    facts = json.loads((folder / "run.json").read_text())
    assert (facts["status"], facts["device"], facts["gpu"]) == ("done", "cuda", {"gpu": "emulated on the processor"})
    for last in (folder / "checkpoints").glob("step-60.*"):  # as if it had been killed before
        last.unlink()
    (folder / "run.json").write_text(json.dumps(facts | {"status": "interrupted"}))
    told = run("train", "--resume", "xor", "--device", "cpu", "--no-plots")
    assert told.exit_code == 0, told.output
    assert "this run began on cuda: from here on its bits differ" in told.stderr
    assert (folder / "results.csv").read_text().count("\n") == 4
    run("train", "xor", "--device", "cpu", "--no-plots", "--name", "whole", *(w for s in settings for w in ("-s", s)))
    losses = [line.split(",")[3] for line in (folder / "results.csv").read_text().splitlines()[1:3]]
    whole = [line.split(",")[3] for line in Path("results/train/whole/results.csv").read_text().splitlines()[1:3]]
    assert list(map(float, losses)) == pytest.approx(list(map(float, whole)), rel=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("emulator")
def test_the_second_gpu_may_be_asked_for(run):
    told = run("train", "xor", "--device", "cuda:1", "--no-plots", "-s", "train.iterations=2", "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(Path("results/train/xor/run.json").read_text())["device"] == "cuda:1"


@pytest.mark.skipif(find_spec("numba_cuda") is not None, reason="there may be a GPU")
def test_without_a_gpu_the_reason_is_told(run, monkeypatch):
    monkeypatch.delenv(devices.EMULATOR, raising=False)
    for name in ("cuda", "cuda:3"):
        told = run("train", "xor", "--device", name)
        assert told.exit_code == 5
        assert f"{name} cannot be used: the package numba-cuda is not installed" in told.stderr
    assert run("train", "xor", "--device", "cuda:x").exit_code == 2
    assert run("train", "xor", "-s", "device=gpu").exit_code == 2
    assert not list(Path("results/train").iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("emulator")
def test_a_step_on_the_gpu_is_measured_call_by_call(run):
    told = run("bench", "xor", "--device", "cuda", "--seconds", "0.05", "--no-plots", "--threads", "1")
    assert told.exit_code == 0, told.output
    assert (Path("results/bench/xor") / "run.json").exists()
