"""`dlab summary`."""

from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.command(
    epilog=options.examples("dlab summary lenet-digits", "dlab summary alexnet.yaml -s data.train_limit=100")
)
@click.argument("spec")
@options.overrides
@options.speaks
def command(spec: str, overrides: tuple[str, ...], seed: int | None, output: "Output") -> None:
    """Show a network layer by layer."""
    from dlab.cli import plans
    from dlab.spec import load

    plans.summary(load(spec, overrides, seed), output)
