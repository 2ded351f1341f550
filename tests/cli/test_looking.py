"""Commands that look before anything is trained: doctor, schema, validate, summary, --dry-run and --grad-check."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dlab.cli import health
from dlab.cli.group import dlab as group
from dlab.errors import EnvironmentFault

QUICK = ["data.size=8", "model={preset: mlp, hidden: [9], init: he}"]
SMALL = [word for setting in (*QUICK, "data.train_limit=64") for word in ("-s", setting)]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder; returns its result."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(group, arguments, prog_name="dlab")


def told(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


class TestDoctor:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        """Its self-test learns in a moment."""
        plain = health.load
        monkeypatch.setattr(health, "load", lambda name, settings: plain(name, [*settings, *QUICK]))

    def test_all_is_well(self, run, monkeypatch):
        monkeypatch.delenv("DLAB_DATA", raising=False)
        found = told(run("doctor", "--json"))
        marks = {finding["what"]: finding["ok"] for finding in found["findings"]}
        assert found["ok"]
        assert marks["self-test"] is marks["results folder"] is marks["kernel cache"] is True
        assert marks["data folder"] is None

    def test_what_is_wrong_is_named(self, run, tmp_path, monkeypatch):
        def broken(*arguments):
            raise EnvironmentFault("no memory")

        monkeypatch.setattr(health, "build", broken)
        monkeypatch.setenv("DLAB_DATA", str(tmp_path / "nowhere"))
        monkeypatch.setattr(health.jit, "cache_folder", lambda: Path("/dev/null/kernels"))
        result = run("doctor")
        assert result.exit_code == 5
        assert "something is wrong: kernel cache, data folder, self-test" in result.stdout
        assert "EnvironmentFault: no memory" in result.stdout


def test_a_bug_is_one_line_and_its_traceback_a_file(run, tmp_path, monkeypatch):
    def bug(*arguments):
        raise ValueError("odd\x1b[31m")

    monkeypatch.setattr("dlab.cli.plans.summary", bug)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run("summary", "lenet-digits")
    (log,) = tmp_path.glob("dlab-*.log")
    assert result.exit_code == 1
    assert result.stderr == f"Error: internal error (ValueError: odd\\x1b[31m); the details are in {log}\n"
    assert "Traceback" in log.read_text()
    monkeypatch.setattr("tempfile.tempdir", "/dev/null")
    assert run("summary", "lenet-digits").stderr.endswith("; --debug shows the details\n")
    assert "Traceback" in run("summary", "lenet-digits", "--debug").stderr


@pytest.mark.parametrize(("of", "known"), [((), "optimizer"), (("filter-demo",), "filters")])
def test_the_schema_is_one_of_specs(run, of, known):
    assert known in json.dumps(told(run("schema", *of)))


def test_a_process_that_ends_at_once_has_written_all(run):
    wanted, command = run("schema").stdout, [sys.executable, "-m", "dlab", "schema"]
    assert len(wanted) > 1 << 16, "more than a pipe holds"
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout == wanted
    with pytest.raises(subprocess.CalledProcessError, match="status 2"):
        subprocess.run([*command, "nothing"], capture_output=True, check=True, env=os.environ)


def test_a_dry_run_says_what_would_be_done(run, tmp_path):
    found = told(run("train", "lenet-digits", *SMALL, "--dry-run", "--json"))
    assert (found["training samples"], found["classes"], len(found["layers"])) == (64, 10, 3)
    assert found["memory"] > 0
    assert not list(tmp_path.iterdir())
    assert "batch size" in run("train", "lenet-digits", *SMALL, "--dry-run").stdout


def test_backpropagation_is_held_against_differences(run):
    found = told(run("train", "lenet-digits", *SMALL, "--grad-check", "--json"))
    assert len(found["gradients"]) == 4
    assert max(row["error"] for row in found["gradients"]) < 1e-6


def test_a_summary_counts_what_training_takes(run):
    found = told(run("summary", "lenet-digits", *SMALL, "--json"))
    assert found["memory"]["total"] == sum(found["memory"].values()) - found["memory"]["total"]


def test_a_spec_is_valid_where_its_data_are_missing(run, tmp_path, monkeypatch):
    monkeypatch.setenv("DLAB_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "own.yaml").write_text("data: {name: npz, path: own.npz}\nmodel: {preset: mlp, hidden: [3]}\n")
    result = run("validate", "own.yaml", "lenet-digits")
    assert result.exit_code == 0, result.output
    assert "own.yaml: layers not checked" in result.stderr
    assert "lenet-digits: ok" in result.stdout


def test_all_faulty_specs_are_told_at_once(run, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("data: digits\nmodel: {preset: nothing}\n")
    result = run("validate", "a.yaml", "lenet-digits", "b.yaml")
    assert result.exit_code == 2
    assert all(f"{name}.yaml:2:17: model.preset:" in result.stderr for name in ("a", "b"))
