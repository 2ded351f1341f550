"""`dlab doctor`."""

from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.command(epilog=options.examples("dlab doctor", "dlab doctor --json"))
@options.speaks
def command(output: "Output") -> None:
    """Look whether dlab works on this machine.

    It ends with a small network that has to learn.
    """
    from dlab.cli import health

    output.note("looking, and training for a few seconds ...")
    raise SystemExit(health.report(output))
