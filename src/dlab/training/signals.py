"""Ctrl-C, SIGTERM and SIGHUP ask the trainer to end; the run is then saved, shown and left with 128 + signal."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """The first signal that came, and the exit code it asks for (0 where none came)."""

    number = 0

    @property
    def exit_code(self) -> int:
        return 128 + self.number if self.number else 0


def in_haste(exit_code: int) -> bool:
    """Whether it is that of a signal which SIGKILL soon follows, so that what can be drawn later waits."""
    return exit_code in (128 + signal.SIGTERM, 128 + signal.SIGHUP)


@contextmanager
def stopping(trainer: Any) -> Iterator[Stop]:
    """Turn signals into `trainer.stop()`; Ctrl-C after that leaves at once."""
    stop = Stop()

    def ask(number: int, frame: object) -> None:
        if stop.number and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.number = stop.number or number
        trainer.stop()

    # Who ignores a signal from outside, as nohup does, wants the run to go on.
    heard = [number for number in NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
