"""Signals {Ctrl-C, SIGTERM, SIGHUP, Ctrl-C twice} at six moments of real runs: code, state, time to stop, same bytes.

python -m torture.signals --rounds 20
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from torture import frame

SIGNALS = {"INT": [2], "TERM": [15], "HUP": [1], "2xINT": [2, 2]}
CODES = {"INT": 130, "TERM": 143, "HUP": 129, "2xINT": 130}
MOMENTS = ("import", "compile", "train", "evaluate", "save", "plot")
SPEC = ["lenet-digits", "-s", "train.epochs=3", "-s", "train.measure=all"]
LAST = "last.safetensors"
ROOT = Path(__file__).parents[1]


class Victim:
    """A real `dlab train` that gets its signals when it passes a moment for the `after`-th time."""

    def __init__(self, name: str, after: int):
        self.numbers, self.after, self.left = SIGNALS[name], after, after

    def strike(self) -> None:
        """Send them if it is time."""
        self.left -= 1
        if self.left == 0:
            for number in self.numbers:
                os.kill(os.getpid(), number)

    def passing(self, owner: Any, call: str, wanted: Any = lambda *arguments: True) -> None:
        """Have every wanted call of a function be the moment."""
        plain = getattr(owner, call)

        def watched(*arguments: Any, **options: Any) -> Any:
            if wanted(*arguments):
                self.strike()
            return plain(*arguments, **options)

        setattr(owner, call, watched)

    def at_import(self) -> None:
        self.left = 1
        threading.Timer(0.02 * self.after, self.strike).start()

    def at_compile(self) -> None:
        from dlab.kernels import jit

        self.passing(jit, "_announce")

    def at_train(self) -> None:
        from dlab.training.trainer import Trainer

        self.passing(Trainer, "train_step")

    def at_evaluate(self) -> None:
        from dlab.nn.plan import Plan

        self.passing(Plan, "run", lambda plan: _evaluating())

    def at_save(self) -> None:
        from dlab.results import durable

        self.left = 1
        self.passing(durable, "touch_disk", lambda call, *paths: call is os.replace and paths[1].name == LAST)

    def at_plot(self) -> None:
        from dlab.report import figure

        self.left = 1
        self.passing(figure, "picture")


def victim(moment: str, name: str, after: int) -> None:
    """One life."""
    getattr(Victim(name, after), f"at_{moment}")()
    sys.argv = ["dlab", "train", *SPEC, "-o", "results"]
    from dlab.cli import main

    main()


def _evaluating() -> bool:
    """Whether a split is being measured."""
    frame: Any = sys._getframe()
    while frame and frame.f_code.co_name != "_measure":
        frame = frame.f_back
    return frame is not None


def dlab(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "dlab", *arguments], cwd=folder, capture_output=True, text=True)


def state(folder: Path) -> str:
    runs = json.loads(dlab(folder, "runs", "list", "--json").stdout)["runs"]
    return runs[0]["status"] if runs else "none"


def bits(folder: Path) -> bytes:
    run = folder / "results" / "train" / "lenet-digits"
    return (run / "results.csv").read_bytes() + (run / "weights" / "last.safetensors").read_bytes()


def attempt(moment: str, name: str, after: int, whole: bytes) -> str:
    """One life and what comes after: the state it left, in words; AssertionError where something was wrong."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        cold = {"DLAB_CACHE_DIR": str(folder / "cold")} if moment == "compile" else {}
        command = [sys.executable, "-m", "torture.signals", "victim", moment, name, str(after)]
        places = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | cold | places)
        shown = state(folder)
        assert run.returncode == CODES[name], run.stderr[-300:]
        assert "Traceback" not in run.stderr, run.stderr[-300:]
        assert shown in (("none", "interrupted") if moment in ("import", "compile") else ("interrupted", "done"))
        if shown == "interrupted":
            assert not dlab(folder, "train", "--resume", "latest", "--no-plots").returncode
        assert shown == "none" or bits(folder) == whole
        return f"{moment}: {shown}"


def cases(rounds: int, seed: int) -> Iterator[frame.Case]:
    """All moments and signals, so many times, each life struck somewhere else in its moment."""
    random = Random(seed)
    with tempfile.TemporaryDirectory() as home:
        assert dlab(Path(home), "train", *SPEC, "-o", "results", "--no-plots").returncode == 0
        whole = bits(Path(home))
        for number in range(rounds):
            for moment, name in product(MOMENTS, SIGNALS):
                case = f"{name} at {moment}, {number}"
                yield case, partial(attempt, moment, name, random.randint(1, 20), whole)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.argv[1:2] == ["victim"]:
        victim(*sys.argv[2:4], int(sys.argv[4]))
    else:
        chosen = vars(frame.arguments(__doc__, rounds=20, seed=0))
        sys.exit(frame.run("signals", cases(**chosen), limit=300.0, **chosen))
