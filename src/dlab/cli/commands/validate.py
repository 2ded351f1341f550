"""`dlab validate`."""

from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.command(epilog=options.examples("dlab validate my.yaml", "dlab validate my.yaml -s optimizer.lr=0.1"))
@click.argument("specs", nargs=-1, required=True)
@options.overrides
@options.speaks
def command(specs: tuple[str, ...], overrides: tuple[str, ...], seed: int | None, output: "Output") -> None:
    """Check specs without running them.

    Keys, values, and whether the layers fit together.
    """
    from dlab.cli import checks

    checks.validate(specs, overrides, seed, output)
