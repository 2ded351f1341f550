"""`dlab ls`."""

from pathlib import Path
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

    specs = {name: _first_words(Path(path)) for name, path in shipped().items()}
    output.show(specs, tables.listing(("spec", "what it does"), specs.items()))


def _first_words(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = (line.lstrip("# ") for line in lines if line.startswith("#") and "yaml-language-server" not in line)
    return next(comments, "")
