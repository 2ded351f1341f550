"""One contender in a process of its own: it obeys lines on stdin and answers each with a line of JSON.

make NETWORK BATCH   build the training step and warm it up
infer NETWORK BATCH  build its evaluation of a batch and warm it up
convolve LAYER BATCH forward|gradients    the same for a single convolution
update NAME COUNT    build an optimizer's step for so many parameters and warm it up
run SECONDS          step that long                           -> steps, seconds, idle_cpu
losses COUNT         train so many steps, without dropout from the start -> losses
limit                the machine's multiply-add limit         -> gflops (dlab only)

`idle_cpu` is the processor time the process used since its last answer, that is, while others were measured.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from time import perf_counter, process_time
from typing import Any

WARM_STEPS, WARM_SECONDS = 3, 0.3


class Worker:
    """The state between commands."""

    def __init__(self, peer: str, variant: str, threads: int):
        self.peer, self.variant, self.threads = import_module(f"peers.{peer}_peer"), variant, threads
        self.step: Callable[[], Any] | None = None
        self.cpu = process_time()

    def make(self, name: str, batch: str) -> dict:
        """Build and warm up."""
        from peers.networks import NETWORKS

        return self._warm(lambda: self._build(NETWORKS[name], int(batch), self.peer.make))

    def infer(self, name: str, batch: str) -> dict:
        """Build the evaluation of a batch and warm it up."""
        from peers.networks import NETWORKS

        return self._warm(lambda: self._build(NETWORKS[name], int(batch), self.peer.infer))

    def convolve(self, name: str, batch: str, way: str) -> dict:
        """Build a single convolution and warm it up."""
        from peers.convolutions import CONVOLUTIONS

        return self._warm(lambda: self.peer.convolve(CONVOLUTIONS[name], int(batch), way, self.variant, self.threads))

    def update(self, name: str, count: str) -> dict:
        """Build an optimizer's step and warm it up."""
        return self._warm(lambda: self.peer.update(name, int(count), self.variant, self.threads))

    def _warm(self, build: Callable[[], Callable[[], Any]]) -> dict:
        self.step = None  # and the arrays of the last one
        self.step = build()
        for _ in range(WARM_STEPS):
            finish(self.step())
        spend(self.step, WARM_SECONDS)
        return {"version": self.peer.VERSION}

    def run(self, seconds: str) -> dict:
        """One timed slice."""
        idle = process_time() - self.cpu
        steps, spent = spend(self.step, float(seconds))
        return {"steps": steps, "seconds": spent, "idle_cpu": idle}

    def losses(self, name: str, batch: str, count: str) -> dict:
        """The first losses."""
        from peers.networks import NETWORKS

        step = self._build(NETWORKS[name].without_dropout(), int(batch), self.peer.make)
        return {"losses": [finish(step()) for _ in range(int(count))]}

    def limit(self) -> dict:
        """The multiply-add limit on as many threads."""
        from dlab.kernels import fma_limit

        return {"gflops": fma_limit(self.threads)}

    def _build(self, network, batch: int, make: Callable) -> Callable[[], Any]:
        from peers import samples

        return make(network, batch, samples.load(network.input, network.classes), self.variant, self.threads)

    def answer(self, line: str) -> dict:
        """Obey one line; what goes wrong is an answer, too."""
        command, *words = line.split()
        try:
            found = getattr(self, command)(*words)
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
        self.cpu = process_time()
        return found


def spend(step: Callable[[], Any], seconds: float) -> tuple[int, float]:
    """Train for about so long, at least one step, to the end of the last: (steps, seconds)."""
    steps, begin = 0, perf_counter()
    end = begin + seconds
    while True:
        loss = step()
        steps += 1
        if perf_counter() >= end:
            finish(loss)
            return steps, perf_counter() - begin


def finish(loss: Any) -> float | None:
    """Wait for the loss of a peer that works in the background."""
    return None if loss is None else float(loss)


def serve(make: Callable[[], Any]) -> None:
    """Answer line by line; what else is printed goes to the errors."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = make()
    for line in sys.stdin:
        print(json.dumps(worker.answer(line)), file=answers, flush=True)


def main() -> None:
    """worker.py PEER VARIANT THREADS."""
    peer, variant, threads = sys.argv[1:]
    if peer == "jax":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    serve(lambda: Worker(peer, variant, int(threads)))


if __name__ == "__main__":
    main()
