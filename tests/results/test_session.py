"""A run: what it leaves behind when it ends well, is stopped, diverges, crashes, is killed, and is resumed."""

import errno
import fcntl
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Timer

import pytest

from dlab.errors import Busy, CheckpointError, Diverged, DlabError, EnvironmentFault, SpecError
from dlab.results import checkpoint, durable, saver, session
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation
from dlab.results.shelf import create, find
from tests.results.fakes import FakeTrainer, experiment


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return create(tmp_path, "train", "one", "name: one\n")


def ignore(record) -> None:
    pass


def kept(folder: RunFolder) -> dict[str, bytes]:
    """What must be the same however often a run was interrupted."""
    names = ("results.csv", "timing.csv", "weights/best.safetensors", "weights/last.safetensors", "spec.yaml")
    return {name: (folder.path / name).read_bytes() for name in (*names, "layers.csv", "histograms.csv")}


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
    assert checkpoint.load(folder.last)[0]["step"] == 8
    best = checkpoint.load(folder.best)[0]
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
    assert checkpoint.load(folder.last)[0]["step"] == 5


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


class Killed(BaseException):
    """Stands for a process that is no more."""


def run_until_killed(folder: RunFolder, at: int, monkeypatch) -> bool:
    """Run, and die before operation `at` on the disk and at all later ones; True if it lived to the end."""
    count = 0

    def touch(call, *arguments):
        nonlocal count
        count += 1
        if count >= at:
            raise Killed
        return call(*arguments)

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(durable, "touch_disk", touch)
        session.run(watched(), folder, ignore)
        return True
    return False


@pytest.mark.parametrize("share", [1e9, 0], ids=["saving always", "saving once"])
def test_killed_at_any_write_and_resumed_a_run_leaves_the_same_bytes(tmp_path, monkeypatch, share):
    monkeypatch.setattr(durable.os, "fsync", lambda file: None)
    monkeypatch.setattr(saver, "SHARE", share)
    whole = create(tmp_path, "train", "whole", "name: one\n")
    session.run(watched(), whole, ignore)
    for at in range(1, 500):
        folder = create(tmp_path, "train", f"cut{at}", "name: one\n")
        if run_until_killed(folder, at, monkeypatch):
            break
        session.run(watched(), folder, ignore, resume=True)
        assert kept(folder) == kept(whole)
    assert at > (50 if share else 30)


def test_saving_takes_a_small_share_of_the_time(folder, monkeypatch):
    clock = iter(range(0, 10_000, 10))  # every look at the clock takes ten seconds, and so does saving
    written = []
    monkeypatch.setattr(saver, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(saver.checkpoint, "save", lambda path, state, data: written.append(path.name))
    keeper = saver.Saver(folder, "")
    row = Evaluation(1, 1, 0.1, 1.0, None, None, None)
    for _ in range(400):
        keeper.note({"step": 1}, [row])
    assert 8 <= len(written) <= 2 * (1 + 400 * 10 * saver.SHARE / 10)


def test_a_full_disk_ends_the_run_and_keeps_the_last_checkpoint(folder, monkeypatch):
    monkeypatch.setattr(saver, "SHARE", 1e9)

    def full(call, *arguments):
        if call is durable.os.write and folder.last.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*arguments)

    monkeypatch.setattr(durable, "touch_disk", full)
    with pytest.raises(EnvironmentFault, match=r"results\.csv: No space left"):
        session.run(experiment(), folder, ignore)
    assert checkpoint.load(folder.last)[0]["step"] == 2


def test_a_run_in_use_is_busy_and_a_dead_one_is_interrupted(folder):
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


def test_a_full_disk_under_the_log_does_not_stop_a_run(folder):
    folder.log.symlink_to("/dev/full")
    with folder.hold() as log:
        print("lost", file=log)


def test_other_data_are_refused(folder):
    session.run(experiment(), folder, ignore)
    with pytest.raises(CheckpointError, match="not the data this run began with"):
        session.run(experiment(sha256="other"), folder, ignore, resume=True)
