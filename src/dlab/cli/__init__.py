"""The command line: every command loads, runs, writes and shows, and everything heavy is imported when it is needed."""

import signal
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from dlab.cli.group import dlab

    # As Ctrl-C does, other requests to end let open files be closed and the terminal be restored.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    dlab(prog_name="dlab")
