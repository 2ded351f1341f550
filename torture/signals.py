"""Signals {Ctrl-C, SIGTERM, SIGHUP, Ctrl-C twice} at six moments of real runs: code, state, time to stop, same bytes.

python torture/signals.py [ROUNDS]    writes torture/results/signals.json
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

SIGNALS = {"INT": [2], "TERM": [15], "HUP": [1], "2xINT": [2, 2]}
CODES = {"INT": 130, "TERM": 143, "HUP": 129, "2xINT": 130}
MOMENTS = ("import", "compile", "train", "evaluate", "save", "plot")
SPEC = ["lenet-digits", "-s", "train.epochs=3", "-s", "train.measure=all"]
MARK, LAST = "signalled", "last.safetensors"
RESULTS = Path(__file__).parent / "results" / "signals.json"


class Victim:
    """A real `dlab train` that gets its signals when it passes a moment for the `after`-th time."""

    def __init__(self, name: str, after: int):
        self.numbers, self.after, self.left = SIGNALS[name], after, after

    def strike(self) -> None:
        """Send them if it is time."""
        self.left -= 1
        if self.left == 0:
            Path(MARK).write_text(repr(time.time()))
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


def attempt(moment: str, name: str, after: int, whole: bytes) -> dict[str, Any]:
    """One life: what was wrong, and how long it took from the signal to the end."""
    folder = Path(tempfile.mkdtemp())
    cold = {"DLAB_CACHE_DIR": str(folder / "cold")} if moment == "compile" else {}
    command = [sys.executable, str(Path(__file__).absolute()), "victim", moment, name, str(after)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **cold})
    seconds = time.time() - float((folder / MARK).read_text()) if (folder / MARK).exists() else None
    shown, wrong = state(folder), []
    if run.returncode != CODES[name]:
        wrong.append(f"code {run.returncode}")
    if shown not in (("none", "interrupted") if moment in ("import", "compile") else ("interrupted", "done")):
        wrong.append(f"state {shown}")
    if "Traceback" in run.stderr:
        wrong.append(run.stderr[-300:])
    if shown == "interrupted" and dlab(folder, "train", "--resume", "latest", "--no-plots").returncode:
        wrong.append("cannot go on")
    if shown != "none" and bits(folder) != whole:
        wrong.append("other bytes")
    shutil.rmtree(folder)
    return {"moment": moment, "signal": name, "after": after, "seconds": seconds, "state": shown, "wrong": wrong}


def main() -> None:
    """All moments and signals, so many times, each a little later than the last."""
    rounds, random = int(sys.argv[1]) if len(sys.argv) > 1 else 20, Random(0)
    home = Path(tempfile.mkdtemp())
    assert dlab(home, "train", *SPEC, "-o", "results", "--no-plots").returncode == 0
    whole = bits(home)
    lives = [
        attempt(moment, name, random.randint(1, 20), whole)
        for _ in range(rounds)
        for moment in MOMENTS
        for name in SIGNALS
    ]
    slowest = {m: max((life["seconds"] or 0 for life in lives if life["moment"] == m), default=0) for m in MOMENTS}
    wrong = [life for life in lives if life["wrong"]]
    told = {"lives": len(lives), "right": len(lives) - len(wrong), "slowest_seconds": slowest, "wrong": wrong}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(told, indent=2) + "\n")
    print(f"signals: {told['right']} of {told['lives']} right")
    shutil.rmtree(home)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    victim(*sys.argv[2:4], int(sys.argv[4])) if sys.argv[1:2] == ["victim"] else main()
