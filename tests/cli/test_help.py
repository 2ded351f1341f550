"""Every command explains itself."""

import click
import pytest
from click.testing import CliRunner

from dlab.cli.group import dlab


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command and group."""
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize("words", commands(dlab), ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_ends_with_two_examples(words, flag):
    result = CliRunner().invoke(dlab, [*words, flag], prog_name="dlab")
    assert result.exit_code == 0
    tail = result.output.rstrip().splitlines()[-3:]
    assert tail[0].strip() == "Examples:"
    assert all(line.strip().startswith(f"dlab {words[0]}") for line in tail[1:])


def test_short_help_is_never_cut():
    listed = CliRunner().invoke(dlab, ["--help"]).output.split("Commands:")[1].split("Exit codes:")[0]
    assert "train" in listed
    assert "..." not in listed
