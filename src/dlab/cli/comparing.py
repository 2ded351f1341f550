"""The commands that compare: one shape, three names."""

import sys
from typing import TYPE_CHECKING, Any

import click

from dlab.cli import options

if TYPE_CHECKING:
    from dlab.report.output import Output


def comparison(name: str, text: str, *examples: str) -> click.Command:
    """The command `name`, which runs the cells of a study."""

    @click.command(name, help=text, epilog=options.examples(*examples))
    @click.argument("spec", required=False)
    @options.overrides
    @options.seeds
    @options.machine
    @options.jobs
    @options.kept
    @options.resume
    @options.dry_run
    @options.speaks
    def command(output: "Output", dry_run: bool, plots: bool, **choices: Any) -> None:
        from dlab.cli import studies
        from dlab.report import studies as report
        from dlab.training.signals import in_haste

        study = studies.study(name, **choices)
        if dry_run:
            return studies.plan(study, output)
        folder, code = study.run(output)
        report.show(folder, output, plots and not in_haste(code))
        sys.exit(code)

    return command
