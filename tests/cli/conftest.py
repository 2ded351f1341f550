"""The command line in this process, over a network that computes nothing."""

import importlib

import pytest
from click.testing import CliRunner

import dlab.spec
from dlab.cli.group import dlab as group
from tests.cli import fake_dlab


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run a command in an empty folder; returns click's result."""
    jobs = importlib.import_module("dlab.cli.jobs")  # first, so that it has the real ones afterwards
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dlab.spec, "load", fake_dlab.load, raising=False)
    monkeypatch.setattr(jobs, "load", fake_dlab.load)
    monkeypatch.setattr(jobs, "build", fake_dlab.build)
    return lambda *arguments: CliRunner().invoke(group, arguments, prog_name="dlab")
