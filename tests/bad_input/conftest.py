"""Bad input from the command line on: one message, the right exit code, soon, and without taking memory."""

import time
import tracemalloc
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from dlab.cli.group import dlab

SECONDS, BYTES = 2.0, 100_000_000


@pytest.fixture(autouse=True, scope="package")
def _warm(tmp_path_factory) -> None:
    """What is imported and prepared once in a process is not part of any command's time."""
    spec = tmp_path_factory.mktemp("warm") / "s.yaml"
    spec.write_text("data: digits\nmodel: {preset: mlp, hidden: [3]}\ndevice: reference\ntrain: {iterations: 1}\n")
    made = CliRunner().invoke(dlab, ["train", str(spec), "-o", str(spec.parent), "--no-plots"])
    assert made.exit_code == 0, made.output


@pytest.fixture
def refused(tmp_path, monkeypatch) -> Callable[..., str]:
    """Run a command that has to fail with a code; returns what it said."""
    monkeypatch.chdir(tmp_path)

    def run(code: int, *arguments: str) -> str:
        tracemalloc.start()
        begun = time.process_time()
        result = CliRunner().invoke(dlab, arguments, prog_name="dlab")
        spent, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (result.exit_code, said(result)) == (code, said(result))
        assert spent < SECONDS
        assert peak < BYTES
        return said(result)

    return run


def said(result: Result) -> str:
    """What a refused command prints: to stderr alone, printable, and no traceback."""
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert all(map(str.isprintable, result.stderr.split("\n")))
    return result.stderr
