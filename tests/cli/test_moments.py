"""Signals at every moment, many starts at once, and a machine that fails: the code, the state and the rows are true."""

import json
import subprocess
import sys

import pytest

from tests.cli.moments import SIGNALS, STARTS
from tests.cli.test_process import ROOT, environment

CODES = {"INT": 130, "TERM": 143, "HUP": 129, "2xINT": 130}
BEFORE = ("import", "compile")  # there is nothing to keep yet


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    """What became of all of them."""
    command = [sys.executable, "-m", "tests.cli.moments", str(tmp_path_factory.mktemp("lives"))]
    run = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("moment", [*BEFORE, "train", "evaluate", "save", "plot"])
def test_a_signal_at_any_moment(lives, moment, name):
    end = lives["stopped"][f"{moment} {name}"]
    assert end["code"] == CODES[name]
    assert "Traceback" not in end["stderr"]
    if moment in BEFORE:
        assert end["states"] == []
        assert end["stderr"].endswith("interrupted\n") or name == "2xINT"
        assert end["resumed"] == 2
        return
    assert end["states"] == ["done" if moment == "plot" else "interrupted"]
    assert end["files"] == []
    assert end["resumed"] == 0
    assert end["after"] == ["done"]
    assert [line.split(",")[1] for line in end["rows"].splitlines()] == ["step", "2", "4", "6", "8"]
    if moment != "plot" and name != "2xINT":
        assert "go on with: dlab train --resume results/train/one" in end["stdout"]


def test_starts_at_the_same_moment_have_folders_of_their_own(lives):
    end = lives["together"]
    assert end["codes"] == [0] * STARTS
    assert end["after"] == ["done"] * STARTS
    assert end["steps"] == [[2, 4, 6, 8]] * STARTS
    assert set(end["seen"]) <= {"running", "interrupted", "done"}  # interrupted: made, and not yet begun
    assert end["looks"] > 1


@pytest.mark.parametrize(("what", "left"), [("deleted", 0), ("moved", 0), ("results deleted", 0)])
def test_a_folder_that_goes_away_is_told_and_never_made_again(lives, what, left):
    end = lives["faults"][what]
    assert end["code"] == 5
    assert len(end["runs"]) == left
    error = end["stderr"].splitlines()[-1]
    assert error.startswith("Error: results/train/one was moved or deleted")


def test_a_closed_results_folder_is_found_before_any_work(lives):
    end = lives["faults"]["closed"]
    assert end["code"] == 5
    assert end["stderr"] == "Error: cannot write results/train: Permission denied\n"


def test_memory_that_runs_out_is_one_line(lives):
    end = lives["faults"]["memory"]
    assert end["code"] == 5
    assert end["stderr"].splitlines()[-1].startswith("Error: out of memory: try a smaller train.batch_size")
    assert "Traceback" not in end["stderr"]


@pytest.mark.parametrize("what", ["handles", "clock"])
def test_few_handles_and_a_clock_that_goes_back_do_not_matter(lives, what):
    end = lives["faults"][what]
    assert (end["code"], end["stderr"].count("Warning")) == (0, 0)
    assert end["runs"] == ["results/train/one"]
