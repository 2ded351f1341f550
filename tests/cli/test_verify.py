"""`dlab verify`: a run computed again, and held against what it left behind."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dlab.cli import verifying
from dlab.cli.group import dlab
from dlab.results import checkpoint
from dlab.results.folder import RunFolder
from dlab.results.study import Cell, StudyFolder
from dlab.results.verification import changes

SPEC = """
data: {name: digits, train_limit: 100, test_limit: 50}
model: {preset: mlp, hidden: [6], activation: tanh}
optimizer: adam
schedule: cosine
train: {epochs: 3, batch_size: 32}
device: reference
"""
RUN = "results/train/kept"


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(dlab, arguments, prog_name="dlab")
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with a run of three epochs on the reference device."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        Path("kept.yaml").write_text(SPEC)
        assert run("train", "kept.yaml", "--no-plots").exit_code == 0
    return home


@pytest.fixture
def kept(trained, tmp_path, monkeypatch) -> RunFolder:
    """That run, to change."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return RunFolder(Path(RUN))


def verified(*options: str) -> tuple[int, dict]:
    result = run("verify", RUN, "--json", *options)
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.parametrize("epochs", [1, 2, 3, 99])
def test_the_same_bits(kept, epochs):
    before = {path: path.read_bytes() for path in kept.path.rglob("*") if path.is_file()}
    code, told = verified("--epochs", str(epochs))
    assert (code, told["verdict"], told["rows"], told["weights"]) == (0, "equal", min(epochs, 3), epochs >= 3)
    assert (told["changed"], told["difference"]) == ({}, None)
    assert {path: path.read_bytes() for path in kept.path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["kept", "latest", RUN])
def test_a_run_is_found_by_name_path_and_as_the_latest(kept, name):
    result = run("verify", name, "-q")
    assert (result.exit_code, result.stdout) == (0, "equal: 1 row, bit by bit\n")


@pytest.mark.slow
def test_another_device_rounds_otherwise_and_is_named(kept):
    code, told = verified("--device", "cpu", "--epochs", "3")
    assert (code, told["verdict"], told["weights"]) == (5, "equal within tolerance", True)
    assert told["changed"] == {"device": ["reference", "cpu"]}
    first = told["difference"]
    assert (first["row"], first["step"]) == (1, 4)
    assert 0 < abs(first["kept"] - first["found"]) < 1e-5
    assert verified("--device", "cpu", "--tolerance", "0")[0] == 1


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_changed_setting_is_different_from_its_first_row_on(kept):
    edit(kept.spec, "lr: 0.001", "lr: 0.002")
    code, told = verified()
    assert (code, told["verdict"], told["difference"]["row"], told["difference"]["column"]) == (1, "different", 1, "lr")
    result = run("verify", RUN)
    assert "different: 1 row compared; first, in row 1 (step 4), lr: 0.00" in result.stdout
    assert "versions, data, device and processor are those of the run" in result.stdout


def test_a_changed_number_is_found_in_its_row_and_column(kept):
    rows = kept.evaluations.read()
    edit(kept.evaluations.path, repr(rows[1].test_loss), "7.5")
    assert verified()[0] == 0  # the first epoch is as it was
    code, told = verified("--epochs", "2")
    assert code == 1
    assert told["difference"] == {
        "row": 2, "step": 8, "column": "test_loss", "kept": 7.5, "found": rows[1].test_loss
    }  # fmt: skip


def test_a_row_that_does_not_come_again_is_different(kept):
    edit(kept.spec, "eval_every: null", "eval_every: 3")
    code, told = verified()
    assert (code, told["difference"]["found"]) == (1, None)
    assert "was kept, nothing was found" in run("verify", RUN).stdout


def test_changed_weights_are_found(kept):
    state = checkpoint.load(kept.last)
    state["dense1.weight"][1, 2] += 1
    kept.last.write_bytes(b"".join(checkpoint.encode(state)))
    code, told = verified("--epochs", "3")
    assert (code, told["difference"]["row"], told["difference"]["column"]) == (1, None, "dense1.weight[66]")
    assert "in the weights (step 12), dense1.weight[66]" in run("verify", RUN, "--epochs", "3").stdout
    state["dense1.weight"] = state["dense1.weight"][:3]
    kept.last.write_bytes(b"".join(checkpoint.encode(state)))
    assert verified("--epochs", "3")[1]["difference"]["column"] == "size of dense1.weight[0]"


def test_a_rerun_that_diverges_is_different(kept):
    edit(kept.spec, "lr: 0.001", "lr: 1.0e+300")
    with np.errstate(all="ignore"):
        assert verified()[0] == 1


def test_other_data_are_refused_with_both_hashes(kept):
    edit(kept.spec, "train_limit: 100", "train_limit: 99")
    result = run("verify", RUN)
    assert result.exit_code == 3
    sha256 = kept.facts()["data"]["sha256"][:12]
    assert "different: digits is not the data this run was trained on" in result.stderr
    assert f"not {sha256}..." in result.stderr


def test_what_has_changed_is_named():
    then = {"versions": {"numba": "1", "numpy": "2"}, "data": {"sha256": "ab"}, "device": "cpu", "processor": "old"}
    now = {"versions": {"numba": "3", "numpy": "2"}, "data": {"sha256": "cd"}, "device": "cuda", "processor": "new"}
    wanted = {"numba": ("1", "3"), "data": ("ab", "cd"), "device": ("cpu", "cuda"), "processor": ("old", "new")}
    assert changes(then, now) == wanted
    assert changes({}, now) == changes(then, then) == {}


def test_where_there_is_nothing_to_compare(kept):
    assert 'no run "kpet"' in run("verify", "kpet").stderr
    assert 'Did you mean "kept"?' in run("verify", "kpet").stderr
    kept.evaluations.create()
    for broken, said in ((None, "has no row yet"), (kept.evaluations.path, "is no training run")):
        if broken:
            broken.unlink()
        result = run("verify", RUN)
        assert (result.exit_code, said in result.stderr) == (2, True)


def test_a_study_points_to_its_cells(kept):
    study = StudyFolder(Path("results/compare-init/study"))
    shutil.copytree(kept.path, study.cell("base-s0").path)
    study.announce([Cell("base", (), 0)])
    refused = run("verify", "study")
    assert refused.exit_code == 2
    cell = refused.stderr.strip().rpartition(" ")[2]
    assert run("verify", cell, "-q").stdout == "equal: 1 row, bit by bit\n"


def test_a_signal_ends_it_with_its_code_and_leaves_the_run_alone(kept, monkeypatch):
    before = {path: path.read_bytes() for path in kept.path.rglob("*") if path.is_file()}
    monkeypatch.setattr(verifying, "_run", lambda *arguments: 143)
    result = run("verify", RUN)
    assert (result.exit_code, result.stdout) == (143, "")
    assert {path: path.read_bytes() for path in kept.path.rglob("*") if path.is_file()} == before
