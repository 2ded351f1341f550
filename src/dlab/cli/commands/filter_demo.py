"""`dlab filter-demo`."""

from typing import TYPE_CHECKING, Any

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output

EXAMPLES = (
    "dlab filter-demo gabor.yaml -s gabor.theta=30",
    "dlab filter-demo -s 'filters.image={name: file, path: me.png}'",
)


@click.command(epilog=options.examples(*EXAMPLES))
@click.argument("spec", default="filters.yaml")
@options.settings
@options.machine
@options.kept
@options.dry_run
@options.speaks
def command(output: "Output", dry_run: bool, plots: bool, **choices: Any) -> None:
    """Show filters at work: numbers, pictures, Gabor.

    SPEC is a YAML file, or the name of one that ships with dlab; without it the lectures' filters are shown.
    """
    from dlab.cli import demos
    from dlab.report import shows

    demo = demos.demo(**choices)
    if dry_run:
        return demos.plan(demo, output)
    shows.show(demos.run(demo, output), output, plots)
