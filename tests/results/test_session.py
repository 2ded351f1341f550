"""A run: what it leaves behind when it ends well, is stopped, diverges, crashes, is killed, and is resumed."""

import errno
import fcntl
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer
from types import SimpleNamespace

import numpy as np
import pytest

from dlab.errors import Busy, Diverged, DlabError, EnvironmentFault, SpecError
from dlab.results import checkpoint, durable, saver, session
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation
from dlab.results.shelf import create, find
from dlab.streams import fault_of
from tests.results.fakes import FakeTrainer, experiment


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return create(tmp_path, "train", "one", "name: one\n")


def ignore(record) -> None:
    pass


def watched(**options):
    """An experiment whose layers are looked at."""
    return experiment(FakeTrainer(watched=True, **options))


def test_a_finished_run_is_complete(folder):
    seen = []
    assert session.run(experiment(), folder, seen.append) == "done"
    facts = json.loads((folder.path / "run.json").read_text())
    assert facts["status"] == folder.status() == "done"
    assert (facts["final"]["step"], facts["best"]["step"]) == (8, 6)
    assert facts["data"] == {"name": "fake", "sha256": "abc"}
    assert (facts["seed"], facts["device"], facts["threads"], facts["parameters"]) == (3, "cpu", 2, 6)
    assert facts["samples_per_second"] == 100
    assert facts["versions"].keys() == {"python", "dlab", "numpy", "numba"}
    assert [row.step for row in folder.evaluations.read()] == [2, 4, 6, 8]
    assert checkpoint.load(folder.last)["step"] == 8
    best = checkpoint.load(folder.best)
    assert best["step"] == 6
    assert not any(name.startswith("optimizer") for name in best)
    assert len(seen) == 17


def test_names_that_are_taken_are_numbered_even_at_once(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: create(tmp_path, "train", "one", "x: 1\n").path.name, range(16)))
    assert sorted(made) == sorted(["one", *(f"one-{number}" for number in range(2, 17))])


@pytest.mark.parametrize("name", ["../x", "-rf", "a/b", "=1", "", "x" * 65])
def test_names_that_could_do_harm_are_refused(tmp_path, name):
    with pytest.raises(SpecError, match="cannot name a run"):
        create(tmp_path, "train", name, "")


def test_runs_are_found_by_name_path_and_latest(tmp_path, folder):
    second = create(tmp_path, "train", "two", "")
    assert find(tmp_path, "train", "one") == folder
    assert find(tmp_path, "train", str(folder.path)) == folder
    assert find(tmp_path, "train", "latest") == second
    assert find(tmp_path, "*", "two") == second
    with pytest.raises(SpecError, match='Did you mean "one"'):
        find(tmp_path, "train", "on")


def test_a_name_that_is_not_clear_is_refused_with_what_it_may_mean(tmp_path, folder):
    create(tmp_path, "compare-init", "one", "")
    with pytest.raises(SpecError, match=r"train/one.*: give the folder|compare-init/one.*: give the folder"):
        find(tmp_path, "*", "one")
    for name in ("lenet-1", "lenet-2", "lenet-3", "lenet-4"):
        create(tmp_path, "train", name, "")
    with pytest.raises(SpecError, match=r'Did you mean "lenet-\d" or "lenet-\d" or "lenet-\d"\?'):
        find(tmp_path, "train", "lenet")


@pytest.mark.parametrize(
    ("fault", "status", "raised", "said"),
    [
        (Diverged("epoch 1"), "diverged", Diverged, "epoch 1"),
        (KeyboardInterrupt(), "interrupted", KeyboardInterrupt, None),
        (MemoryError(), "failed", EnvironmentFault, "batch_size"),
        (ValueError("odd"), "failed", DlabError, "log.txt"),
    ],
)
def test_the_status_is_true_whatever_happens(folder, fault, status, raised, said):
    with pytest.raises(raised, match=said):
        session.run(experiment(FakeTrainer(5, fault)), folder, ignore)
    assert folder.status() == status
    assert [row.step for row in folder.evaluations.read()] == [2, 4]
    assert ("ValueError: odd" in folder.log.read_text()) == isinstance(fault, ValueError)


def test_a_stopped_run_is_saved_where_it_stands(folder):
    trainer = FakeTrainer(on_step=lambda trainer: trainer.stop() if trainer.step == 5 else None)
    assert session.run(experiment(trainer), folder, ignore) == "interrupted"
    assert checkpoint.load(folder.last)["step"] == 5


def test_a_watched_run_has_two_more_tables_and_no_other_has(folder, tmp_path):
    session.run(watched(), folder, ignore)
    assert [(row.step, row.layer) for row in folder.layers.read()] == [
        (step, layer) for step in (0, 2, 4, 6, 8) for layer in ("dense1", "dense2")
    ]
    assert [row.step for row in folder.histograms.read()] == [0, 0, 0, 8, 8, 8]
    second = create(tmp_path, "train", "two", "")
    session.run(experiment(), second, ignore)
    assert not second.layers.path.exists()
    assert not second.histograms.path.exists()
    assert second.evaluations.path.read_bytes() == folder.evaluations.path.read_bytes()


@pytest.mark.parametrize("at", [0, 1, 2, 5])
def test_a_watched_run_that_was_stopped_goes_on_without_a_row_too_many(folder, tmp_path, at):
    whole = create(tmp_path, "train", "whole", "name: one\n")
    session.run(watched(), whole, ignore)
    trainer = watched(on_step=lambda trainer: trainer.stop() if trainer.step == at else None)
    trainer.trainer.stopped = at == 0
    assert session.run(trainer, folder, ignore) == "interrupted"
    assert session.run(watched(), folder, ignore, resume=True) == "done"
    for name in ("layers.csv", "histograms.csv"):
        assert (folder.path / name).read_bytes() == (whole.path / name).read_bytes()


def test_saving_takes_a_small_share_of_the_time(folder, monkeypatch):
    clock = iter(range(0, 10_000, 10))  # every look at the clock takes ten seconds, and so does saving
    written = []
    monkeypatch.setattr(saver, "perf_counter", lambda: next(clock))
    keeper = saver.Saver(SimpleNamespace(folder=folder, save=lambda *state: written.append(state)))
    row = Evaluation(1, 1, 0.1, 1.0, None, None, None)
    for _ in range(400):
        keeper.note({"step": np.array([1])}, [row])
    assert 4 <= len(written) <= 1 + 400 * 10 * saver.SHARE / 10


def test_a_full_disk_ends_the_run_and_keeps_the_last_checkpoint(folder, monkeypatch):
    monkeypatch.setattr(saver, "SHARE", 1e9)

    def full(call, *arguments):
        if call is durable.os.write and folder.best.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*arguments)

    monkeypatch.setattr(durable, "touch_disk", full)
    with pytest.raises(EnvironmentFault, match=r"results\.csv: No space left.*\d+ bytes to write, [\d,]+ free"):
        session.run(experiment(), folder, ignore)
    assert checkpoint.load(folder.last)["step"] == 2


def test_a_folder_that_vanishes_ends_the_run_and_is_not_made_again(folder):
    trainer = FakeTrainer(on_step=lambda trainer: shutil.rmtree(folder.path) if trainer.step == 3 else None)
    with pytest.raises(EnvironmentFault, match="was moved or deleted"):
        session.run(experiment(trainer), folder, ignore)
    assert not folder.path.exists()


def test_an_error_that_is_overcome_is_forgotten(folder):
    with pytest.raises(DlabError):
        session.run(experiment(FakeTrainer(5, ValueError("odd"))), folder, ignore)
    assert "odd" in folder.facts()["error"]
    session.run(experiment(), folder, ignore, resume=True)
    assert folder.facts()["error"] == ""


def test_a_run_in_use_is_busy_and_a_dead_one_is_interrupted(folder, monkeypatch):
    monkeypatch.setattr("dlab.results.folder.PATIENCE", 0.0)
    folder.describe(status="running", pid=1, host="here")
    assert folder.status() == "interrupted"
    with folder.hold():
        assert folder.status() == "running"
        with pytest.raises(Busy, match=rf"in use by {folder.path.owner()}, process 1 on here, since \?"):
            session.run(experiment(), folder, ignore)


def test_a_run_that_was_only_made_is_interrupted_and_one_that_is_held_runs(folder):
    assert folder.status() == "interrupted"
    with folder.hold():
        assert folder.status() == "running"


def test_who_looks_at_a_run_does_not_keep_it_from_starting(folder):
    folder.log.touch()
    with folder.log.open() as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        timer = Timer(0.05, lambda: fcntl.flock(look, fcntl.LOCK_UN))
        timer.start()
        assert session.run(experiment(), folder, ignore) == "done"
        timer.join()


def test_a_file_system_without_locks_keeps_nobody_from_working(folder, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    assert session.run(experiment(), folder, ignore) == "done"
    assert folder.status() == "done"


def test_a_full_disk_under_the_log_does_not_stop_a_run():
    with durable.open_log(Path("/dev/full")) as log:
        print("lost", file=log)
        assert fault_of(log).errno == errno.ENOSPC  # kept for whoever asks, and raised nowhere
