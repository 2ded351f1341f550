"""`dlab schema`."""

import json

import click

from dlab.cli import options


@click.command(epilog=options.examples("dlab schema > dlab.schema.json", "dlab schema | less"))
def command() -> None:
    """Print the JSON Schema of specs, for editors."""
    from dlab.spec import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
