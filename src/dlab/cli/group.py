"""The `dlab` command: its subcommands are the files of `cli.commands`, and faults become messages and exit codes."""

import os
import tempfile
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import click

from dlab import __version__
from dlab.errors import DlabError, escaped, told
from dlab.registry import suggestion

COMMANDS = "dlab.cli.commands"
EPILOG = """\b
Exit codes:
  0  ok                        5  environment: device, disk, rights, memory
  1  internal error            6  diverged: the loss is no longer finite
  2  usage or specification    7  another process holds this run
  3  data                      8  some cells of a study failed
  4  checkpoint                129, 130, 143  stopped by hangup, Ctrl-C, SIGTERM

\b
Examples:
  dlab train lenet-digits
  dlab train lenet.yaml -s optimizer.lr=0.05 --name faster
"""


class Told(click.ClickException):
    """A fault that ends the process with its message and its exit code."""

    def __init__(self, message: str, exit_code: int):
        super().__init__(escaped(message))
        self.exit_code = exit_code  # type: ignore[misc]


class Commands(click.Group):
    """A group whose commands are the modules of a package, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The files of the package, as names of commands."""
        path = [str(Path(__file__).parent / "commands")]
        return sorted(module.name.replace("_", "-") for module in iter_modules(path))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of the module of that name, or a usage error with the nearest name."""
        known = self.list_commands(ctx)
        if cmd_name not in known:
            ctx.fail(f'no such command "{cmd_name}".{suggestion(cmd_name, known)}')
        return import_module(f"{COMMANDS}.{cmd_name.replace('-', '_')}").command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; every fault becomes a message and an exit code, with --debug after its traceback."""
        try:
            return super().invoke(ctx)
        except click.ClickException as fault:
            fault.message = escaped(fault.message)  # type: ignore[misc]
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt as stop:
            raise Told("interrupted", 130) from stop
        except Exception as fault:
            if ctx.find_root().meta.get("debug"):
                traceback.print_exception(fault)
            plain = told(fault) or _internal(fault)
            raise Told(str(plain), plain.exit_code) from fault


def _internal(fault: Exception) -> DlabError:
    """A bug, told in one line; its traceback goes to a file."""
    what, details = f"internal error ({type(fault).__name__}: {fault})", "--debug shows the details"
    with suppress(OSError):
        file, path = tempfile.mkstemp(prefix="dlab-", suffix=".log")
        with os.fdopen(file, "w", encoding="utf-8", errors="backslashreplace") as log:
            traceback.print_exception(fault, file=log)
        details = f"the details are in {path}"
    return DlabError(f"{what}; {details}")


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="dlab")
def dlab() -> None:
    """Deep-learning experiments from one YAML file each: a table, a CSV file and a picture."""
