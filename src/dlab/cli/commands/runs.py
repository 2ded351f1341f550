"""`dlab runs`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.group(epilog=options.examples("dlab runs list", "dlab runs show latest"))
def command() -> None:
    """List runs and show their results again."""


@command.command("list", epilog=options.examples("dlab runs list", "dlab runs list --json"))
@options.output_dir
@options.speaks
def list_runs(output_dir: Path, output: "Output") -> None:
    """List all runs with their status and result."""
    from dlab.report import tables
    from dlab.results.folder import every

    found = every(output_dir)
    facts = [{**run.facts(), "folder": str(run.path), "status": run.status()} for run in found]
    output.show({"runs": facts}, tables.runs(found) if found else f"no runs in {output_dir}")


@command.command(epilog=options.examples("dlab runs show latest", "dlab runs show results/train/lenet-digits --plots"))
@click.argument("run")
@options.output_dir
@click.option("--plots", is_flag=True, help="Draw the pictures again from the folder's tables.")
@options.speaks
def show(run: str, output_dir: Path, plots: bool, output: "Output") -> None:
    """Show the table of one run: its folder, its name, or `latest`."""
    from dlab.report import runs, shows
    from dlab.results.folder import find

    folder = find(output_dir, "*", run)
    report = shows if folder.facts().get("shown") else runs
    report.show(folder, output, plots)
