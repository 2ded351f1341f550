"""One contender on the GPU in a process of its own; like worker.py, it answers each line with a line of JSON.

step NETWORK BATCH     build a training step and warm it up    -> cold_seconds, ready_seconds
update NAME COUNT      the same for an optimizer's step for so many parameters
race NETWORK BATCH MOST SHARE EPOCHS    for whole trainings, see peers/race.py
limit KIND COUNT       for what the GPU can do
run SECONDS            work that long, in bursts               -> ms of a step in each burst, seconds, told
check                  -> error relative to float64, null where there is none
facts                  -> what the GPU is

Cold is from the order to the end of the first step, compiling included; ready, to the beginning of the first slice.
"""

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from time import perf_counter, process_time

from peers.work import Work
from worker import Worker, serve

BURST, MOST = 0.02, 512  # seconds of a burst at least, unless it has that many steps
PATIENCE = 200  # seconds for one answer; then the process ends


class GPUWorker(Worker):
    """The state between commands."""

    def __init__(self, peer: str, variant: str):
        self.peer, self.variant, self.cpu = import_module(f"peers.{peer}_gpu"), variant, process_time()
        self.work: Work | None = None
        self.count = 1

    def step(self, name: str, batch: str) -> dict:
        """A training step."""
        from peers.networks import NETWORKS

        return self._begin(lambda: self.peer.step(NETWORKS[name], int(batch), self.variant))

    def update(self, name: str, count: str) -> dict:
        """An optimizer's step."""
        return self._begin(lambda: self.peer.update(name, int(count), self.variant))

    def race(self, *words: str) -> dict:
        """Whole trainings."""
        from peers.race import Race

        return self._begin(lambda: self.peer.race(Race.parse(*words), self.variant))

    def limit(self, kind: str, count: str) -> dict:
        """What the GPU can do."""
        return self._begin(lambda: self.peer.limit(kind, int(count), self.variant))

    def _begin(self, build: Callable[[], Work]) -> dict:
        """Build, run the first step, and find how many steps make a burst."""
        self.work, begin = None, perf_counter()
        self.work = build()
        self.work.burst(1)
        cold, self.count = perf_counter() - begin, 1
        self.work.burst(1)  # a graph is recorded
        while self.count < MOST and self.work.burst(self.count) < BURST:
            self.count *= 2
        return {"cold_seconds": cold, "ready_seconds": perf_counter() - begin}

    def run(self, seconds: str) -> dict:
        """One timed slice; the first burst wakes the GPU and does not count."""
        self.work.burst(1)
        spent: list[float] = []
        while sum(spent) < float(seconds):
            spent.append(self.work.burst(self.count))
        return {"ms": [1e3 * each / self.count for each in spent], "seconds": sum(spent), "told": self.work.told}

    def check(self) -> dict:
        """Beside float64."""
        return {"error_of_float64": self.work.check and self.work.check()}

    def facts(self) -> dict:
        """Of the GPU."""
        return self.peer.facts()

    def answer(self, line: str) -> dict:
        """Obey one line, or end: a GPU that hangs must not hang the benchmark."""
        signal.alarm(PATIENCE)
        try:
            return super().answer(line)
        finally:
            signal.alarm(0)


if __name__ == "__main__":
    serve(lambda: GPUWorker(*sys.argv[1:3]))
