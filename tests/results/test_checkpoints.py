"""What a run goes on from: the newest sound checkpoint, or the one before, or the start; never a wrong number."""

import json
import os
import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from torture import checkpoints as torture
from torture import frame

from dlab.errors import CheckpointError
from dlab.results import checkpoint, session
from dlab.results.folder import RunFolder
from dlab.results.manifest import Part, seal
from dlab.results.records import Remark
from dlab.results.shelf import create
from tests.results import faults
from tests.results.fakes import experiment

NEW, OLD = "checkpoints/step-6", "checkpoints/step-4"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A run that was killed with checkpoints at steps 4 and 6."""
    torture.laid_out(tmp_path)
    return tmp_path


def again(folder: Path) -> None:
    """The same run as before, in the place of what has become of it."""
    shutil.rmtree(folder)
    folder.mkdir()
    torture.laid_out(folder)


def go_on(folder: Path, **changes) -> str:
    """Go on to the end, and what was said on the way."""
    seen = []
    made = experiment(torture.Trainer(watched=True), **changes)
    with faults.disk():  # nothing need be synced
        assert session.run(made, RunFolder(folder), seen.append, resume=True) == "done"
    assert files(folder) == whole()
    return "\n".join(record.text for record in seen if isinstance(record, Remark))


def files(folder: Path) -> dict[str, bytes]:
    kept = ("results.csv", "layers.csv", "histograms.csv", "weights/best.safetensors", "weights/last.safetensors")
    return {name: (folder / name).read_bytes() for name in kept}


@lru_cache
def whole() -> dict[str, bytes]:
    """What the unbroken run comes to."""
    with TemporaryDirectory() as name:
        folder = create(Path(name), "train", "one", "name: one\n")
        session.run(experiment(torture.Trainer(watched=True)), folder, lambda record: None)
        return files(folder.path)


def change(path: Path, **facts) -> None:
    """Another value in a manifest, with the checksum that belongs to it."""
    body = json.loads(path.read_text()) | facts
    body.pop("sha256")
    path.write_text(json.dumps({"sha256": seal(body), **body}))


def vouch(folder: Path, state: checkpoint.State) -> None:
    """The newest checkpoint holds this state, and its manifest says so."""
    path = folder / f"{NEW}.safetensors"
    path.write_bytes(b"".join(checkpoint.encode(state)))
    change(folder / f"{NEW}.json", state=vars(Part.of(path, path.stat().st_size)))


def test_mutated_checkpoints_never_load_wrong():
    counts, failures = frame.outcomes(torture.cases(1000, seed=1), limit=5.0)
    assert not failures, failures[0]["fault"]
    assert min(counts["refused"], counts["the newest"], counts["the one before"]) > 100


def test_a_killed_run_goes_on_from_the_newest(folder):
    assert go_on(folder) == ""
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert names == ["step-6.json", "step-6.safetensors", "step-8.json", "step-8.safetensors"]


@pytest.mark.parametrize("file", [f"{NEW}.safetensors", f"{NEW}.json"])
@pytest.mark.parametrize(
    "damage",
    [lambda old: old[:-1], lambda old: b"", lambda old: old + b"x", lambda old: old[:300] + b"~" + old[301:]],
    ids=["cut", "empty", "longer", "flipped"],
)
def test_if_the_newest_is_damaged_the_one_before_is_used_and_told(folder, file, damage):
    (folder / file).write_bytes(damage((folder / file).read_bytes()))
    said = go_on(folder)
    assert f"a checkpoint is damaged: {folder / file} " in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("content", [b"\x80\x04.", b"PK\x03\x04" * 400, b"\x89HDF" + bytes(9000), b"text" * 99])
def test_other_files_under_the_right_name_are_no_checkpoints(folder, content):
    (folder / f"{NEW}.safetensors").write_bytes(content)
    assert f"{NEW}.safetensors is not a dlab checkpoint" in go_on(folder)


def test_every_byte_of_the_last_row_may_be_missing(folder):
    content = (folder / "results.csv").read_bytes()
    for end in range(content.rindex(b"2,6"), len(content)):
        again(folder)
        (folder / "results.csv").write_bytes(content[:end])
        said = go_on(folder)
        assert said.startswith("a checkpoint is damaged: ")
        assert "results.csv has" in said


def test_rows_behind_the_checkpoint_are_not_doubled(folder):
    with (folder / "results.csv").open("a") as file:
        file.write("2,8,0.1,0.125,0.8,1.3333333333333333,\n3,10,0.1,0.1")
    assert go_on(folder) == ""


def test_without_a_complete_checkpoint_it_starts_again_and_says_so(folder):
    for path in (folder / "checkpoints").glob("*.json"):
        path.unlink()
    assert "no complete checkpoint: the run starts again at step 0, with the same seed" in go_on(folder)
    assert len(list((folder / "checkpoints").iterdir())) == 4


@pytest.mark.parametrize("lost", [f"{NEW}.safetensors", f"{NEW}.json"])
def test_a_manifest_without_state_or_a_state_without_manifest_is_ignored_and_swept(folder, lost):
    (folder / lost).unlink()
    said = go_on(folder)
    assert said == ("" if lost.endswith("json") else f"a checkpoint is not complete: {folder / lost} is missing")


def test_with_all_of_them_damaged_it_stops_and_names_each(folder):
    for name in (NEW, OLD):
        (folder / f"{name}.safetensors").write_bytes(b"")
    with pytest.raises(
        CheckpointError, match=r"no sound checkpoint: .*step-6.*; .*step-4.*To begin again at step 0, rem"
    ):
        go_on(folder)
    assert (folder / f"{NEW}.json").exists()


def test_other_settings_and_data_are_listed_with_both_values(folder):
    changes = {"optimizer": {"name": "kind", "lr": 0.5}, "train": {"seed": 4}, "sha256": "other"}
    with pytest.raises(CheckpointError) as caught:
        go_on(folder, **changes)
    for said in (
        "optimizer.lr: 0.1 in the checkpoint, 0.5 now",
        "train.seed: 3 in the",
        "data: abc in the checkpoint, ot",
    ):
        assert said in str(caught.value)
    assert caught.value.exit_code == 4


def test_name_device_threads_and_place_of_the_data_may_change(folder):
    other = {"name": "x", "device": "reference", "threads": 7, "data": {"path": "y"}}
    change(folder / f"{NEW}.json", spec=experiment().spec.to_dict() | other)
    assert go_on(folder) == ""


def test_another_format_is_refused_with_the_version_that_wrote_it(folder):
    change(folder / f"{NEW}.json", format=3, dlab="9.1.0")
    with pytest.raises(CheckpointError, match=r"written by dlab 9\.1\.0 in checkpoint format 3; this is .* format 2"):
        go_on(folder)


def test_other_versions_are_told(folder):
    change(folder / f"{NEW}.json", versions={**session.versions(), "numba": "0.1"})
    assert "numba: 0.1 in the checkpoint" in go_on(folder)


def test_numbers_that_are_none_are_refused(folder):
    state = torture.state_at(6)
    state["optimizer.0"] = state["optimizer.0"] * np.float32("nan")
    vouch(folder, state)
    assert "has numbers that are none (NaN), in optimizer.0" in go_on(folder)


def test_a_state_of_another_step_is_refused(folder):
    vouch(folder, torture.state_at(5))
    assert "is not the state of step 6" in go_on(folder)


def test_names_outside_the_folder_are_refused(folder):
    tables = json.loads((folder / f"{NEW}.json").read_text())["tables"]
    for name in ("../../etc/passwd", "/etc/passwd", "weights/best.safetensors"):
        again(folder)
        change(folder / f"{NEW}.json", tables={**tables, name: tables["results.csv"]})
        assert "not about the tables of this run" in go_on(folder)


def test_what_claims_to_be_large_is_refused_before_it_is_read(folder):
    os.truncate(folder / f"{NEW}.safetensors", 1 << 42)
    os.truncate(folder / f"{OLD}.json", 1 << 42)
    with pytest.raises(CheckpointError, match=r"has 4,398,046,511,104 bytes.*is not a manifest"):
        go_on(folder)


def test_files_that_others_could_have_written_are_only_data(folder):
    for path in (folder / "checkpoints").iterdir():
        path.chmod(0o666)
    assert go_on(folder) == ""
