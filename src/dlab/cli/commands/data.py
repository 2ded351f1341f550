"""`dlab data`."""

from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.group(epilog=options.examples("dlab data list", "dlab data list --json"))
def command() -> None:
    """List data sets and where they are."""


@command.command("list", epilog=options.examples("dlab data list", "dlab data list --json"))
@options.speaks
def list_sets(output: "Output") -> None:
    """List the data sets and whether they are here."""
    from dlab.cli import sets

    sets.show(output)
