"""Keeping a benchmark alone on the machine, noticing when it is not, and making neighbours on purpose."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from time import sleep

SETTLE, GAUGE = 0.2, 0.1  # seconds: waiting threads go to sleep (a BLAS takes 0.1), then the load is read
QUIET = 0.1  # cores that others may use before figures are called disturbed
SPIN = "while True: pass"


@contextmanager
def alone() -> Iterator[None]:
    """Hold the machine's benchmark lock; wait for another benchmark to end."""
    with (Path(gettempdir()) / "dlab-benchmark.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another benchmark on this machine to end", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def busy_cores() -> float:
    """Cores in use by anybody while no contender works, for 0.1 seconds; 0 where the system does not say."""
    sleep(SETTLE)
    before = _ticks()
    sleep(GAUGE)
    after = _ticks()
    if before is None or after is None or after[0] == before[0]:
        return 0.0
    return (os.cpu_count() or 1) * (after[1] - before[1]) / (after[0] - before[0])


def warning(cores: float) -> str:
    """What to print below figures taken while others used so many cores, '' if the machine was quiet."""
    return f"  DISTURBED: others used {cores:.1f} cores; these figures are no comparison\n" if cores > QUIET else ""


def _ticks() -> tuple[int, int] | None:
    """(all, used) processor time of the whole machine, in ticks."""
    path = Path("/proc/stat")
    if not path.exists():
        return None
    values = [int(word) for word in path.read_text().split("\n", 1)[0].split()[1:9]]
    return sum(values), sum(values) - values[3] - values[4]


class Spinners:
    """Processes that do nothing but use a core each; they rest until `go`, and end with the block."""

    def __init__(self, count: int):
        self._processes = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]
        self.rest()

    def __enter__(self) -> "Spinners":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def go(self) -> None:
        """Spin."""
        self._tell(signal.SIGCONT)

    def rest(self) -> None:
        """Stop spinning."""
        self._tell(signal.SIGSTOP)

    def _tell(self, number: int) -> None:
        for process in self._processes:
            process.send_signal(number)
