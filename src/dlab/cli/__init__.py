"""The command line: every command loads, runs, writes and shows, and everything heavy is imported when it is needed."""

import errno
import os
import signal
import sys
from contextlib import suppress

from dlab import streams
from dlab.errors import EnvironmentFault

SHOW_CURSOR = b"\x1b[?25h"


class Leave:
    """Ends the program at a signal: in order at first, so that files and processes are closed, at once the second time.

    While a training runs, `dlab.training.signals` listens in its place.
    """

    number = 0

    def __call__(self, number: int, frame: object) -> None:
        if self.number:
            leave(128 + number)
        self.number = number
        sys.exit(128 + number)


def run() -> None:
    """The command line as a process: it ends at once, where Python would spend 0.3 s on tidying up what it imported."""
    try:
        main()
    except SystemExit as end:
        leave(int(end.code or 0))


def main() -> None:
    """Run the command line and exit with its code."""
    streams.take_over()
    on_signal = Leave()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # whoever ignores it from outside, as nohup does, means it
            signal.signal(number, on_signal)
    try:
        from dlab.cli.group import dlab

        dlab(prog_name="dlab")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    if on_signal.number:
        print("interrupted", file=sys.stderr)
        leave(code)  # whatever a thread still does is not waited for
    sys.exit(code or _unwritten())


def leave(code: int) -> None:
    """End the process now, with its last words said and the cursor visible."""
    with suppress(OSError, RuntimeError, ValueError):  # the signal may have come in the middle of a write
        sys.stdout.flush()
        sys.stderr.flush()
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
    os._exit(code)


def _unwritten() -> int:
    """The exit code where not all of the result could be written; to a reader who has left there is nothing to say."""
    fault = streams.fault_of(sys.stdout)
    if fault is None or fault.errno in (errno.EPIPE, errno.EIO, errno.EBADF):
        return 0
    print(f"Error: cannot write the result to stdout: {fault.strerror}", file=sys.stderr)
    return EnvironmentFault.exit_code
