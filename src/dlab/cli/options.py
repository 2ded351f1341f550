"""Options that several commands share, as decorators."""

from collections.abc import Callable
from functools import reduce, wraps
from math import isfinite
from pathlib import Path
from typing import Any

import click

from dlab.machine import DEVICES, cores

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


def examples(*lines: str) -> str:
    """The end of a help page: lines to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def together(*decorators: Decorator) -> Decorator:
    """Several decorators as one, the first on top of the help page."""
    return lambda command: reduce(lambda made, decorate: decorate(made), reversed(decorators), command)


def _threads(ctx: click.Context, option: click.Parameter, value: int | None) -> int | None:
    if value is not None and not 1 <= value <= cores():
        raise click.BadParameter(f"{value} is not between 1 and {cores()}, the cores this process may use")
    return value


def _name(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    from dlab.results.shelf import check_name

    if value is not None:
        check_name(value)
    return value


class Finite(click.FloatRange):
    """A number in a range that is not nan, which is in every range for click."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        return number if isfinite(number) else self.fail(f"{value} is not a finite number.", param, ctx)


def _seeds(ctx: click.Context, option: click.Parameter, value: str | None) -> int | list[int] | None:
    """5, or 0,1,2 as a list."""
    if value is None:
        return None
    try:
        numbers = [int(word) for word in value.split(",")]
    except ValueError:
        raise click.BadParameter(f"{value} is neither a number nor a list such as 0,1,2") from None
    return numbers if "," in value else numbers[0]


def _debug(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    ctx.find_root().meta["debug"] = value


settings = click.option(
    "-s", "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one key of the spec."
)
overrides = together(
    settings,
    click.option("--seed", type=click.IntRange(0), help="Seed of the starting weights and of the batches."),
)
seeds = click.option("--seeds", callback=_seeds, metavar="N|A,B,...", help="Seeds to run: how many, or which.")
jobs = click.option("-j", "--jobs", type=click.IntRange(1), help="Cells at a time; jobs x threads at most the cores.")
machine = together(
    click.option(
        "--device", type=click.Choice(DEVICES), metavar="auto|cpu|cuda|cuda:N|reference", help="What computes."
    ),
    click.option("--threads", type=int, callback=_threads, help="Threads, at most the cores there are."),
)
output_dir = click.option(
    "-o", "--output-dir", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="Results."
)
resume = click.option("--resume", metavar="RUN", help="Go on with a run: its folder, its name, or `latest`.")
kept = together(
    output_dir,
    click.option("--name", callback=_name, help="Name of the run's folder; name-2, name-3, ... where it is taken."),
    click.option("--plots/--no-plots", default=True, help="Whether to draw the pictures."),
)
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


def speaks(command: Command) -> Command:
    """Give the command an `output` that keeps to --json and --quiet; --debug shows tracebacks."""

    @wraps(command)
    def with_output(*arguments: Any, as_json: bool, quiet: bool, **options: Any) -> Any:
        from dlab.report.output import Output

        return command(*arguments, output=Output(quiet, as_json), **options)

    return together(
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout."),
        click.option("-q", "--quiet", is_flag=True, help="Print the last word only."),
        click.option("--debug", is_flag=True, expose_value=False, callback=_debug, help="Show tracebacks."),
    )(with_output)
