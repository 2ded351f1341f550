"""Commands that are given a folder of the other kind, and signals before anything runs."""

import os
import signal

import pytest
from click.testing import CliRunner

from dlab import cli
from dlab.cli.group import dlab as group

SPEC = """
data: xor
model: {preset: mlp, hidden: [3]}
loss: mse
train: {iterations: 2}
device: reference
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a folder with a run and a study of one cell, both named `tiny`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SPEC)
    (tmp_path / "both.yaml").write_text(SPEC + "compare: {variants: {plain: {}}, seeds: 1}\n")

    def invoke(*arguments):
        return CliRunner().invoke(group, arguments, prog_name="dlab")

    for command, spec in (("train", "tiny.yaml"), ("compare-init", "both.yaml")):
        made = invoke(command, spec, "--name", "tiny", "--no-plots")
        assert made.exit_code == 0, made.output
    return invoke


def test_each_kind_of_folder_goes_on_with_its_own_command(run):
    for command, folder, hint in (
        ("train", "results/compare-init/tiny", "is a study: `dlab compare-init --resume` goes on with it"),
        ("compare-init", "results/train/tiny", "is a single run: `dlab train --resume` goes on with it"),
        ("verify", "results/compare-init/tiny", "is a study: verify one of its cells, such as"),
    ):
        result = run(*([command, folder] if command == "verify" else [command, "--resume", folder]))
        assert (result.exit_code, hint in result.stderr) == (2, True), result.output


class Left(Exception):
    """What takes the place of the end of the process."""


@pytest.fixture
def leaving(monkeypatch):
    def leave(code):
        raise Left(code)

    monkeypatch.setattr(os, "_exit", leave)


def test_the_first_signal_ends_in_order_and_the_second_at_once(leaving):
    on_signal = cli.Leave()
    with pytest.raises(SystemExit) as end:
        on_signal(signal.SIGTERM, None)
    assert end.value.code == 143
    with pytest.raises(Left, match="129"):
        on_signal(signal.SIGHUP, None)


def test_a_signal_outside_of_a_training_says_interrupted(leaving, monkeypatch, capsys):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr(cli.streams, "take_over", lambda: None)
    monkeypatch.setattr("dlab.cli.group.dlab", lambda prog_name: os.kill(os.getpid(), signal.SIGTERM))
    try:
        with pytest.raises(Left, match="143"):
            cli.main()
    finally:
        for number, old in before.items():
            signal.signal(number, old)
    assert capsys.readouterr().err == "interrupted\n"


def test_a_terminal_gets_its_cursor_back(leaving, monkeypatch):
    written = []
    monkeypatch.setattr(os, "isatty", lambda number: True)
    monkeypatch.setattr(os, "write", lambda number, text: written.append((number, text)))
    with pytest.raises(Left, match="130"):
        cli.leave(130)
    assert written == [(2, cli.SHOW_CURSOR)]
