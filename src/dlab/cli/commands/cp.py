"""`dlab cp`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.command(epilog=options.examples("dlab cp lenet-digits", "dlab cp lenet-digits mine.yaml"))
@click.argument("name")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@options.speaks
def command(name: str, file: Path | None, output: "Output") -> None:
    """Copy a shipped spec, to change it.

    A file that exists is never replaced.
    """
    from dlab.errors import SpecError
    from dlab.registry import suggestion
    from dlab.results import durable
    from dlab.spec import shipped
    from dlab.spec.kinds import headline

    specs = shipped()
    if name not in specs:
        raise SpecError(
            f'no spec "{name}" ships with dlab.{suggestion(name, list(specs))} There are: {", ".join(specs)}'
        )
    target = file or Path(f"{name}.yaml")
    durable.create(target, specs[name].read_bytes())
    output.show({"file": str(target)}, f"{target} is yours: dlab {headline(specs[name])[0]} {target}")
