"""`dlab ls`."""

from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.command(epilog=options.examples("dlab ls", "dlab ls --json"))
@options.speaks
def command(output: "Output") -> None:
    """List the specs that ship with dlab."""
    from dlab.report import tables
    from dlab.spec import shipped
    from dlab.spec.kinds import headline

    specs = {name: headline(path) for name, path in shipped().items()}
    told = {name: {"command": command, "shows": shows} for name, (command, shows) in specs.items()}
    output.show(told, tables.listing(("spec", "command", "what it shows"), ((name, *specs[name]) for name in specs)))
