"""A study from its spec to its summary, with real worker processes."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from dlab.cli.group import dlab
from dlab.results import summary
from dlab.results.shelf import opened
from dlab.spec import load
from dlab.studies import pool
from dlab.studies.cells import prepare
from dlab.studies.machine import Machine

HOME = Path("results/compare-optimizers/small")


def run(*arguments: str):
    """The command's result."""
    return CliRunner().invoke(dlab, ["compare-optimizers", *arguments], prog_name="dlab")


def test_a_study_from_spec_to_figures(spec):
    result = run("small.yaml", "-j", "2")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (HOME / "cells").iterdir()} == {"plain-s0", "plain-s1", "fast-s0", "fast-s1"}
    kept = ("summary.csv", "summary.md", "results.csv", "timing.csv", "results.png", "loss.png", "spec.yaml", "log.txt")
    assert all((HOME / name).stat().st_size for name in kept)
    rows = list(csv.DictReader((HOME / "results.csv").read_text().splitlines()))
    assert [(row["variant"], row["seed"], row["step"]) for row in rows[:3]] == [
        ("plain", "0", "10"),
        ("plain", "0", "20"),
        ("fast", "0", "10"),
    ]
    finals = [float(row["test_accuracy"]) for row in rows if (row["variant"], row["step"]) == ("fast", "20")]
    summary = {row["variant"]: row for row in csv.DictReader((HOME / "summary.csv").read_text().splitlines())}
    assert float(summary["fast"]["test_accuracy"]) == pytest.approx(sum(finals) / 2)
    assert "fast" in result.stdout
    assert re.search(r"against plain|seeds", result.stdout)


@pytest.mark.slow
def test_a_cell_is_the_same_run_as_with_train(spec):
    run("small.yaml", "--no-plots")
    single = CliRunner().invoke(
        dlab, ["train", "small.yaml", "-s", "optimizer.lr=0.5", "--seed", "1", "--name", "one", "--no-plots"]
    )
    assert single.exit_code == 0, single.output
    assert (HOME / "cells/fast-s1/results.csv").read_bytes() == Path("results/train/one/results.csv").read_bytes()
    weights = "weights/last.safetensors"
    assert (HOME / "cells/fast-s1" / weights).read_bytes() == (Path("results/train/one") / weights).read_bytes()


@pytest.mark.slow
def test_finished_cells_are_not_run_again_and_more_seeds_join_them(spec, monkeypatch):
    run("small.yaml", "--no-plots")
    before = {path: path.stat().st_mtime_ns for path in HOME.glob("cells/*/weights/*")}
    csv_before = (HOME / "summary.csv").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(pool, "COMMAND", ["false"])
        assert run("small.yaml", "--no-plots").exit_code == 0
        resumed = run("--resume", "latest", "--no-plots")
        assert (resumed.exit_code, "already finished" in resumed.stderr) == (0, True)
    assert (HOME / "summary.csv").read_bytes() == csv_before
    assert run("small.yaml", "--no-plots", "--seeds", "3").exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(opened(HOME).plan()) == 6


def test_another_base_spec_or_variant_gets_another_folder(spec):
    names = []
    other = ["compare.variants={plain: {}, fast: {optimizer.lr: 2}}"]
    for overrides in ([], ["train.batch_size=10"], [], other, ["compare.seeds=3"]):
        names.append(prepare(Path("results"), "compare-optimizers", "small", load(spec, overrides)).path.name)
    assert names == ["small", "small-2", "small", "small-3", "small"]


def test_failures_and_divergence_are_told_and_the_rest_goes_on(spec):
    text = spec.read_text().replace("plain: {}", "plain: {}, lost: {data: {name: idx, path: nowhere}}")
    spec.write_text(text.replace("fast: {optimizer.lr: 0.5}", "wild: {optimizer.lr: 1.0e+300}"))
    result = run("small.yaml", "--no-plots", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 8
    assert told["status"] == "failed"
    rows = {row["variant"]: row for row in told["rows"]}
    ends = {name: tuple(row[end] for end in ("done", "diverged", "failed")) for name, row in rows.items()}
    assert ends == {"plain": (2, 0, 0), "lost": (0, 0, 2), "wild": (0, 2, 0)}
    assert any("lost-s0 failed" in line and "nowhere" in line for line in told["sentences"])
    assert "wild diverged with 2 of 2 seeds" in told["sentences"]


DYING = """
import json, os, sys
for line in sys.stdin:
    cell = json.loads(line)["cell"]
    if "fast" in cell:
        os.kill(os.getpid(), 9)
    print(json.dumps({"kind": "progress", "step": 1, "steps": 2}), flush=True)
    print(json.dumps({"kind": "end", "status": "done", "error": ""}), flush=True)
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_worker_that_is_killed_costs_its_cell_alone(spec, monkeypatch, jobs):
    monkeypatch.setattr(pool, "COMMAND", [sys.executable, "-c", DYING])
    result = run("small.yaml", "--no-plots", "-j", jobs, "--threads", "1")
    assert result.exit_code == 8
    assert re.findall(r"(\d)/4  (\S+)  (\w+)", result.stderr)[-1][0] == "2"
    assert result.stderr.count("ended by SIGKILL (the system does that when memory runs out)") == 2
    assert "plain-s1  done" in result.stderr


def test_workers_that_cannot_start_are_an_environment_fault(spec, monkeypatch):
    monkeypatch.setattr(pool, "COMMAND", ["false"])
    result = run("small.yaml", "--no-plots", "-j", "1", "--threads", "1")
    assert result.exit_code == 8
    assert "exit code 1" in result.stderr


@pytest.mark.slow
def test_a_stopped_study_goes_on_where_it_was(spec):
    text = spec.read_text().replace("iterations: 20", "iterations: 600").replace("eval_every: 10", "eval_every: 20")
    spec.write_text(text.replace("seeds: 2", "seeds: 1"))
    whole = run("small.yaml", "--no-plots", "--name", "whole")
    assert whole.exit_code == 0, whole.output
    command = [sys.executable, "-m", "dlab", "compare-optimizers", "small.yaml", "--no-plots", "-j", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    first = HOME / "cells/plain-s0/results.csv"
    while process.poll() is None and (not first.exists() or first.read_text().count("\n") < 4):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert opened(HOME).status() == "interrupted"
    assert run("--resume", "small", "--no-plots").exit_code == 0
    for name in ("summary.csv", "results.csv", "cells/plain-s0/weights/last.safetensors"):
        assert (HOME / name).read_bytes() == (HOME.with_name("whole") / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("small.yaml", "--seed", "1"), "--seeds"),
        (("small.yaml", "--seeds", "900", "-j", "1000"), "want more than"),
        (("small.yaml", "--seeds", "x"), "neither a number nor a list"),
        (("small.yaml", "--seeds", "0"), "compare.seeds: must be a whole number from 1"),
        (("--resume", "latest", "--seeds", "2"), "own spec"),
        (("--resume", "nothing"), "no run"),
    ],
)
def test_usage(spec, arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_dry_run_lists_the_cells(spec):
    told = json.loads(run("small.yaml", "--dry-run", "--json", "--seeds", "5,7").stdout)
    assert [cell["cell"] for cell in told["cells"]] == ["plain-s5", "fast-s5", "plain-s7", "fast-s7"]
    assert not Path("results").exists()


def test_without_variants_a_command_brings_its_own(spec):
    text = spec.read_text()
    spec.write_text(text[: text.index("compare:")])
    told = json.loads(run("small.yaml", "--dry-run", "--json").stdout)
    assert len(told["cells"]) == 33
    assert "nadam-s2" in [cell["cell"] for cell in told["cells"]]


@pytest.mark.slow
def test_figures_are_drawn_again_from_the_folder_alone(spec):
    run("small.yaml")
    before = {path.name: path.read_bytes() for path in HOME.glob("*.png")}
    assert before.keys() >= {"results.png", "loss.png", "paths.png", "valleys.png", "rates.png"}
    for path in HOME.glob("*.png"):
        path.unlink()
    shown = CliRunner().invoke(dlab, ["runs", "show", "small", "--plots"])
    assert shown.exit_code == 0, shown.output
    assert {path.name: path.read_bytes() for path in HOME.glob("*.png")} == before
    listed = CliRunner().invoke(dlab, ["runs", "list", "--json"])
    assert [run["status"] for run in json.loads(listed.stdout)["runs"]] == ["done"]


def test_where_no_process_can_be_started_the_study_says_so(spec, monkeypatch):
    monkeypatch.setattr(pool, "COMMAND", ["/dev/null"])
    result = run("small.yaml", "--no-plots")
    assert result.exit_code == 5
    assert "no process can be started for the cells (Permission denied): try a smaller -j" in result.stderr
    assert opened(HOME).status() != "done"
    assert {outcome.status for outcome in opened(HOME).outcomes()} == {"not run"}


def test_at_the_second_ctrl_c_the_workers_are_killed(spec, monkeypatch):
    killed = []
    monkeypatch.setattr(pool.Worker, "kill", lambda worker: killed.append(worker) or worker._process.kill())

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Machine, "_assign", interrupted)
    study = prepare(Path("results"), "compare-optimizers", "small", load(spec))
    with Path("log.txt").open("w") as log, pytest.raises(KeyboardInterrupt):
        list(Machine(study, log, 2, 1).run())
    assert len(killed) == 2


def test_the_step_at_which_a_target_is_reached_is_counted_over_the_seeds(spec):
    assert run("small.yaml", "--no-plots", "-j", "1", "--threads", "1").exit_code == 0
    study = opened(HOME)
    firsts = [o.rows[0].test_accuracy for o in study.outcomes() if o.cell.variant == "fast"]
    for target, reached, steps in ((min(firsts), 2, 10.0), (1.01, 0, None)):
        study.describe(target=target)
        row = next(row for row in summary.summarise(study).rows if row.variant == "fast")
        assert (row.reached, row.steps and row.steps.mean) == (reached, steps)
