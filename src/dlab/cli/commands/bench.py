"""`dlab bench`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output

EXAMPLES = (
    "dlab bench --shape 6x14x14:16x5x5 --shape 32x14x14:32x3x3:1:2 --batch 100",
    "dlab bench lenet.yaml --threads 1",
)


@click.command(epilog=options.examples(*EXAMPLES))
@click.argument("spec", required=False)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="CxHxW:KxFxF[:S[:P]]",
    help="A convolution instead of the lectures': image, filters, stride 1, padding 0.",
)
@click.option("--batch", type=click.IntRange(1), help="Samples in a batch of every convolution.")
@click.option(
    "--seconds",
    type=options.Finite(0, 3600, min_open=True),
    default=1.0,
    show_default=True,
    help="Time for each direction of a convolution, or for the training steps.",
)
@options.overrides
@options.machine
@options.kept
@options.speaks
def command(
    output: "Output",
    spec: str | None,
    shapes: tuple[str, ...],
    batch: int | None,
    overrides: tuple[str, ...],
    seed: int | None,
    plots: bool,
    output_dir: Path,
    **choices: object,
) -> None:
    """Measure convolutions three ways, or a step of SPEC.

    Without SPEC, convolutions of the lectures are computed by definition, by im2col and by dlab's kernels, checked
    against each other, timed in turn and drawn under the roofline of this machine. With SPEC, a YAML file or the name
    of one that ships with dlab, the training step of its network is timed kernel by kernel.
    """
    if spec is None and (overrides or seed is not None):
        raise click.UsageError("-s and --seed change a SPEC: give one, or choose convolutions with --shape and --batch")
    if spec is not None and (shapes or batch):
        raise click.UsageError(
            "--shape and --batch are for convolutions without a SPEC; -s train.batch_size=N sets its"
        )
    from dlab.cli import benches
    from dlab.report import measured
    from dlab.spec import load

    bench = benches.Bench(output_dir, **choices)  # type: ignore[arg-type]
    if spec is None:
        folder = benches.compare(bench, benches.problems(shapes, batch), output)
    else:
        folder = benches.profile(bench, load(spec, overrides, seed), output)
    measured.show(folder, output, plots)
