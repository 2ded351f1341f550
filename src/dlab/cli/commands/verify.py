"""`dlab verify`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.command(epilog=options.examples("dlab verify latest", "dlab verify results/train/lenet --epochs 3"))
@click.argument("run")
@click.option("--epochs", type=click.IntRange(1), default=1, show_default=True, help="Epochs to compute again.")
@click.option(
    "--tolerance",
    type=options.Finite(0, 1),
    default=0.01,
    show_default=True,
    help="What still counts as rounding, relative to what was kept.",
)
@options.machine
@options.output_dir
@options.speaks
def command(run: str, tolerance: float, output: "Output", output_dir: Path, **choices: object) -> None:
    """Compute a run again and compare, bit by bit.

    RUN is a run's folder, its name, or `latest`. Its first epochs are trained once more, in a temporary folder, and
    held against its rows; with as many epochs as it has, also against its weights.

    \b
    Exit codes:
      0  equal: the same bits       3  different: the data are others, or are not here
      1  different                  5  equal within tolerance: another device, processor or version rounds otherwise
    """
    from dlab.cli import verifying
    from dlab.report import verified

    doubt = verifying.doubt(run, output_dir, tolerance=tolerance, **choices)  # type: ignore[arg-type]
    found, code = verifying.verify(doubt, output)
    verified.show(doubt.run, found, tolerance, output)
    sys.exit(code)
