"""`dlab runs`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.group(epilog=options.examples("dlab runs list", "dlab runs compare lenet lenet-2"))
def command() -> None:
    """List runs, show their results again, compare them."""


@command.command("list", epilog=options.examples("dlab runs list", "dlab runs list --json"))
@options.output_dir
@options.speaks
def list_runs(output_dir: Path, output: "Output") -> None:
    """List all runs with their status and result."""
    from dlab.report import tables
    from dlab.results.shelf import every

    facts = [run.glance() for run in every(output_dir)]
    output.show({"runs": facts}, tables.runs(facts) if facts else f"no runs in {output_dir}")


@command.command(epilog=options.examples("dlab runs show latest", "dlab runs show results/train/lenet-digits --plots"))
@click.argument("run")
@options.output_dir
@click.option("--plots", is_flag=True, help="Draw the figures again from the CSV files.")
@options.speaks
def show(run: str, output_dir: Path, plots: bool, output: "Output") -> None:
    """Show the table of one run or study: its folder, its name, or `latest`."""
    from dlab.report import reports
    from dlab.results.shelf import find

    reports.show(find(output_dir, "*", run), output, plots)


@command.command(epilog=options.examples("dlab runs compare lenet lenet-2", "dlab runs compare lenet lenet-2 --json"))
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@options.output_dir
@options.speaks
def compare(names: tuple[str, ...], output_dir: Path, output: "Output") -> None:
    """Put runs side by side: where their settings differ, and what they came to."""
    from dlab.report import differences
    from dlab.results.shelf import find

    differences.show([find(output_dir, "*", name) for name in names], output)
