"""`dlab train` and `dlab runs` in one process."""

import json
import os
from pathlib import Path

import pytest

from dlab.machine import cores


def test_a_run_prints_its_table_and_keeps_its_files(invoke, tmp_path):
    result = invoke("train", "one")
    assert result.exit_code == 0
    assert "best" in result.stdout
    assert "done: test loss 0.6667, best 0.0000" in result.stdout
    assert "results go to results/train/one" in result.stderr
    kept = {
        path.relative_to(tmp_path / "results/train/one").as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert kept == {
        *("spec.yaml", "run.json", "results.csv", "timing.csv", "results.png", "log.txt"),
        *("weights/best.safetensors", "weights/last.safetensors"),
        *(f"checkpoints/step-{step}.{kind}" for step in (2, 8) for kind in ("json", "safetensors")),
    }
    assert "step 8/8" in (tmp_path / "results/train/one/log.txt").read_text()


def test_json_is_one_object_on_stdout(invoke):
    told = json.loads(invoke("train", "one", "--json", "--no-plots", "-o", "out", "--name", "two").stdout)
    assert (told["status"], told["folder"], len(told["rows"])) == ("done", "out/train/two", 4)


def test_quiet_prints_the_last_word_only(invoke):
    result = invoke("train", "one", "-q", "--no-plots")
    assert result.stderr == ""
    assert result.stdout.startswith("done: ")


def test_names_are_numbered(invoke, tmp_path):
    for _ in range(3):
        invoke("train", "one", "--no-plots")
    assert sorted(path.name for path in (tmp_path / "results/train").iterdir()) == ["one", "one-2", "one-3"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("train", "diverges"), 6, "Error: the loss is nan in epoch 1, batch 2\n"),
        (("train", "wrong"), 2, 'Error: wrong.yaml:2:1: unknown key "lrr"'),
        (("train", "bug"), 1, "details are in results/train/bug/log.txt"),
        (("train",), 2, "give a SPEC"),
        (("train", "one", "--resume", "latest"), 2, "own spec"),
        (("train", "--resume", "nothing"), 2, 'no run "nothing"'),
        (("train", "one", "--threads", "0"), 2, f"between 1 and {cores()}"),
        (("train", "one", "--threads", "100000"), 2, f"between 1 and {cores()}"),
        (("train", "one", "--name", "../up"), 2, "cannot name a run"),
        (("train", "one", "--seed", "-1"), 2, "x>=0"),
        (("train", "one", "-o", "/dev/null"), 5, "cannot write /dev/null/train"),
        (("trian", "one"), 2, 'Did you mean "train"?'),
        (("train", "one", "--naem", "x"), 2, "--name"),
    ],
)
def test_faults_are_told_without_a_traceback(invoke, arguments, code, said):
    result = invoke(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [(KeyboardInterrupt(), 130, "interrupted"), (MemoryError(), 5, "out of memory: try a smaller train.batch_size")],
)
def test_what_stops_a_command_before_its_run_begins(invoke, monkeypatch, fault, code, said):
    def stop(*arguments):
        raise fault

    monkeypatch.setattr("dlab.cli.jobs.build", stop)
    result = invoke("train", "one")
    assert (result.exit_code, said in result.stderr) == (code, True)


def test_debug_shows_the_traceback_and_keeps_the_code(invoke):
    result = invoke("train", "diverges", "--debug")
    assert result.exit_code == 6
    assert "Traceback" in result.stderr


def test_a_picture_that_fails_is_a_warning(invoke, monkeypatch):
    def fail(*_):
        raise ValueError("no font")

    monkeypatch.setattr("dlab.report.figure.picture", fail)
    result = invoke("train", "one")
    assert result.exit_code == 0
    assert "Warning: no picture: no font" in result.stderr


def test_a_finished_run_is_not_run_again_and_nothing_is_rewritten(invoke, tmp_path):
    invoke("train", "one")
    before = times(tmp_path)
    for run in ("latest", "one", "results/train/one"):
        result = invoke("train", "--resume", run)
        assert result.exit_code == 0
        assert "already finished" in result.stderr
        assert "done: " in result.stdout
    assert times(tmp_path) == before


def times(folder):
    """When each file was written, and each folder changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_runs_are_listed_and_shown_from_their_files(invoke, tmp_path):
    assert "no runs" in invoke("runs", "list").stdout
    invoke("train", "one", "--no-plots")
    invoke("train", "diverges", "--no-plots")
    listed = invoke("runs", "list").stdout
    assert "diverged" in listed
    assert "done" in listed
    assert [run["status"] for run in json.loads(invoke("runs", "list", "--json").stdout)["runs"]] == [
        "diverged",
        "done",
    ]
    shown = invoke("runs", "show", "one", "--plots")
    assert "done: test loss 0.6667" in shown.stdout
    assert (tmp_path / "results/train/one/results.png").exists()


def test_many_runs_in_one_process_leave_no_handle_open(invoke):
    invoke("train", "one", "--no-plots")
    before = os.listdir("/proc/self/fd")
    for _ in range(20):
        assert invoke("train", "one", "--no-plots", "-q").exit_code == 0
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("text", ["", "{", "[1]", "5", "nonsense", "[" * 100_000])
def test_a_damaged_run_is_listed_as_such_and_hides_no_other(invoke, text):
    invoke("train", "one", "--no-plots")
    invoke("train", "one", "--no-plots")
    Path("results/train/one/run.json").write_text(text)
    result = invoke("runs", "list", "--json")
    assert result.exit_code == 0
    assert [run["status"] for run in json.loads(result.stdout)["runs"]] == ["unreadable", "done"]
    assert "unreadable" in invoke("runs", "list").stdout
