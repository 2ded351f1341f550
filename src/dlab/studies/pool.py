"""Worker processes, and one queue of what they say."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from signal import SIGTERM, Signals
from typing import IO, Any

from dlab.errors import EnvironmentFault

# -P: modules in the user's folder are none of ours.
COMMAND = [sys.executable, "-P", "-m", "dlab.studies.worker"]


class Worker:
    """One worker process, for cells like the one in the folder `like`.

    cell: what it works on; begun: whether it has got past building that
    """

    def __init__(self, heard: "SimpleQueue[tuple[Worker, dict[str, Any]]]", log: IO[str], threads: int, like: Path):
        self.cell: Any = None
        self.begun = True
        self._heard = heard
        self._process = _started(log, threads, like)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def order(self, cell: Any, folder: Path, **machine: Any) -> None:
        """Let it run a cell; a dead worker will be heard of."""
        self.cell, self.begun = cell, False
        with suppress(OSError):
            self._stdin.write(json.dumps({"cell": str(folder.absolute()), **machine}) + "\n")
            self._stdin.flush()

    def stop(self) -> None:
        """Ask it to save its cell and end."""
        if self._process.poll() is None:
            self._process.send_signal(SIGTERM)

    def kill(self) -> None:
        """End it at once: a run that is killed at any moment can go on."""
        self._process.kill()

    def close(self) -> None:
        """No more orders: it ends."""
        with suppress(OSError):
            self._stdin.close()
        self._listener.join()
        self._process.wait()

    def obituary(self) -> str:
        """How the process ended, in words."""
        code = self._process.wait()
        if code >= 0:
            return f"its process ended with exit code {code}; the study's log says more"
        hint = " (the system does that when memory runs out)" if code == -9 else ""
        return f"its process was ended by {Signals(-code).name}{hint}"

    @property
    def _stdin(self) -> IO[str]:
        assert self._process.stdin
        return self._process.stdin

    def _listen(self) -> None:
        assert self._process.stdout
        with self._process.stdout as stdout:
            for line in stdout:
                self._heard.put((self, json.loads(line)))
        self._heard.put((self, {"kind": "dead"}))


def _started(log: IO[str], threads: int, like: Path) -> subprocess.Popen[str]:
    """The process; EnvironmentFault where the system allows no more of them."""
    try:
        return subprocess.Popen(
            [*COMMAND, str(like.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            process_group=0,  # a Ctrl-C on the terminal reaches the study, which passes it on once
            env={"NUMBA_NUM_THREADS": str(threads)} | os.environ,
        )
    except OSError as fault:
        raise EnvironmentFault(
            f"no process can be started for the cells ({fault.strerror}): try a smaller -j"
        ) from fault
