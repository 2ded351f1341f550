"""`dlab schema`."""

import json

import click

from dlab.cli import options


@click.command(epilog=options.examples("dlab schema > dlab.schema.json", "dlab schema filter-demo | less"))
@click.argument("of", default="train", metavar="[COMMAND]", type=click.Choice(["train", "filter-demo"]))
def command(of: str) -> None:
    """Print the JSON Schema of specs, for editors.

    COMMAND is train, or filter-demo for the specs of that command.
    """
    from dlab.spec import demonstrations, json_schema

    found = json_schema() if of == "train" else demonstrations.json_schema()
    click.echo(json.dumps(found, indent=2))
