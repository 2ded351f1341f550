"""`dlab train`."""

import sys
from typing import TYPE_CHECKING, Any

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


@click.command(epilog=options.examples("dlab train lenet-digits", "dlab train --resume latest"))
@click.argument("spec", required=False)
@options.overrides
@options.machine
@options.kept
@options.resume
@options.dry_run
@click.option("--grad-check", is_flag=True, help="Compare backpropagation with differences instead of training.")
@options.speaks
def command(output: "Output", dry_run: bool, grad_check: bool, plots: bool, **choices: Any) -> None:
    """Train one network; keep rows, weights, a picture.

    SPEC is a YAML file, or the name of one that ships with dlab (`dlab ls`).
    """
    from dlab.cli import jobs, plans
    from dlab.report import runs
    from dlab.training.signals import in_haste

    job = jobs.job(**choices)
    if dry_run:
        return plans.plan(job.spec, output)
    if grad_check:
        return plans.gradients(job.spec, output)
    folder, code = jobs.train(job, output)
    runs.show(folder, output, plots and not job.finished and not in_haste(code))
    sys.exit(code)
