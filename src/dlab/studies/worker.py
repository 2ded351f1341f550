"""A process that runs cells, one after another: an order a line on stdin, what happens as lines on stdout, all JSON.

    {"cell": "results/.../cells/adam-s0", "device": null, "threads": 1}
    {"kind": "progress", "step": 100, "steps": 1000}
    {"kind": "end", "status": "done", "error": ""}

A cell is an ordinary run, known by its folder.  A worker starts as a fresh interpreter: a process forked after
a parallel kernel would hang in its threads.  While it waits for its first order, it gets ready for a cell like the one
that it is started with: it imports Numba and reads the data.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from signal import SIGTERM
from threading import Event, Thread
from typing import Any, TextIO

from dlab import assemble, kernels
from dlab.errors import DlabError
from dlab.results import session
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation, Progress, Record, Remark
from dlab.spec import load
from dlab.training.signals import stopping


def main() -> None:
    """Serve until stdin ends."""
    # A print of somebody else's must not come between the lines.
    out, sys.stdout = sys.stdout, sys.stderr
    kernels.compiling(lambda name, count, seconds: _tell(out, "compiled", kernel=name, count=count, seconds=seconds))
    orders: SimpleQueue[str] = SimpleQueue()
    busy = Event()
    Thread(target=_listen, args=(orders, busy), daemon=True).start()
    with suppress(DlabError):  # the cell itself will say so
        assemble.prepare(load(RunFolder(Path(sys.argv[1])).spec))
    while line := orders.get():
        busy.set()
        order = json.loads(line)
        _tell(out, "end", **_run(RunFolder(Path(order["cell"])), order, out))
        busy.clear()
    os._exit(0)  # nothing is open any more, and Python would spend 0.3 s on tidying up


def _listen(orders: "SimpleQueue[str]", busy: Event) -> None:
    """Pass the orders on; where they end in the middle of a cell, the study is dead, and the cell is left as it is."""
    for line in sys.stdin:
        orders.put(line)
    orders.put("")
    if busy.is_set() or orders.qsize() > 1:
        os.kill(os.getpid(), SIGTERM)


def _run(folder: RunFolder, order: dict[str, Any], out: TextIO) -> dict[str, str]:
    """Train a cell, or go on with it; its status and, if that is not done, why."""

    def see(record: Record) -> None:
        if isinstance(record, Progress):
            _tell(out, "progress", step=record.step, steps=record.steps)
        elif isinstance(record, Evaluation):
            _tell(out, "progress", step=record.step, steps=experiment.trainer.steps)
        elif isinstance(record, Remark):
            _tell(out, "remark", text=record.text)

    try:
        experiment = assemble.build(load(folder.spec), order["device"], order["threads"])
        _tell(out, "progress", step=0, steps=experiment.trainer.steps)
        with stopping(experiment.trainer):
            return {"status": session.run(experiment, folder, see, resume=True), "error": ""}
    except DlabError as fault:
        return {"status": _failed(folder, fault), "error": str(fault)}


def _failed(folder: RunFolder, fault: DlabError) -> str:
    """The status of a cell that has failed, also where it failed before its run had begun."""
    if folder.facts().get("error") != str(fault):
        folder.describe(status="failed", error=str(fault))
    return folder.status()


def _tell(out: TextIO, kind: str, **what: Any) -> None:
    try:
        out.write(json.dumps({"kind": kind, **what}) + "\n")
        out.flush()
    except OSError:  # nobody listens any more: the study has ended
        os._exit(1)


if __name__ == "__main__":
    main()
