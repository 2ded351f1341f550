"""`dlab runs compare`: what differs between runs, and what they came to."""

import json

import pytest
from click.testing import CliRunner

from dlab.cli.group import dlab

SPEC = """
data: xor
model: {preset: mlp, hidden: [3], activation: tanh, init: xavier}
loss: mse
train: {iterations: 4, batch_size: all, eval_every: 2}
device: reference
"""


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two runs in the working folder, with another rate and another seed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(SPEC)
    for name, *changes in (("one",), ("two", "-s", "optimizer.lr=0.5", "--seed", "3")):
        made = CliRunner().invoke(dlab, ["train", "a.yaml", "--name", name, "--no-plots", *changes])
        assert made.exit_code == 0, made.output


def test_the_table_has_the_settings_that_differ_and_no_others(two):
    shown = CliRunner().invoke(dlab, ["runs", "compare", "one", "two"]).stdout
    heads = [line.split()[0] for line in shown.splitlines() if line.strip() and "─" not in line]
    assert heads[:3] == ["train/one", "optimizer.lr", "train.seed"]
    assert "batch_size" not in shown
    assert "train loss" in shown


def test_json_is_one_object(two):
    told = json.loads(CliRunner().invoke(dlab, ["runs", "compare", "one", "two", "--json"]).stdout)
    assert [run["settings"]["optimizer.lr"] for run in told["runs"]] == [0.01, 0.5]
    assert [run["status"] for run in told["runs"]] == ["done", "done"]


def test_an_unknown_run_is_named(two):
    result = CliRunner().invoke(dlab, ["runs", "compare", "one", "tow"])
    assert result.exit_code == 2
    assert 'Did you mean "two"' in result.output
