"""`dlab data`."""

from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.group(epilog=options.examples("dlab data list", "dlab data fetch mnist"))
def command() -> None:
    """List data sets and fetch them."""


@command.command("list", epilog=options.examples("dlab data list", "dlab data list --json"))
@options.speaks
def list_sets(output: "Output") -> None:
    """List the data sets and whether they are here."""
    from dlab.cli import sets

    sets.show(output)


@command.command(epilog=options.examples("dlab data fetch mnist", "dlab data fetch fashion-mnist --json"))
@click.argument("name", type=click.Choice(["mnist", "fashion-mnist"]))
@options.speaks
def fetch(name: str, output: "Output") -> None:
    """Download a data set into dlab's cache.

    A download that was cut goes on where it stopped.
    """
    from dlab.cli import sets

    sets.fetch(name, output)
