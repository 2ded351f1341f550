"""An experiment that computes nothing: its losses follow from the step, so that runs can be compared byte by byte."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from dlab.errors import Diverged
from dlab.results.records import Bin, Evaluation, Finished, Observation, Progress, Record, Snapshot, Timing


class FakeTrainer:
    """Eight steps of which every second is evaluated; `fails_at` raises `fault` before that step.

    The lowest test loss is that of the step `best`.
    One that is `watched` tells of two layers at the start and at every evaluation.
    """

    steps, steps_per_epoch, best = 8, 4, 6

    def __init__(
        self, fails_at: int = 99, fault: BaseException | None = None, on_step=lambda trainer: None, watched=False
    ):
        self.step, self.stopped, self.watched = 0, False, watched
        self.fails_at, self.fault, self.on_step = fails_at, fault or Diverged("epoch 1, batch 3, lr 9"), on_step

    def run(self) -> Iterator[Record]:
        if self.step == 0:
            yield from self._look()
        while self.step < self.steps and not self.stopped:
            if self.step + 1 == self.fails_at:
                raise self.fault
            self.step += 1
            self.on_step(self)
            epoch = (self.step + 3) // 4
            yield Progress(epoch, self.step, self.steps, 1 / self.step, 0.5, 1000.0, 1)
            if self.step % 2 == 0:
                yield Evaluation(
                    epoch, self.step, 0.1, 1 / self.step, 0.1 * self.step, abs(self.step - self.best) / 3, None
                )
                yield from self._look()
                yield Timing(self.step, 0.5, 0.25, 100.0, 2)
        yield Finished("stopped" if self.stopped else "done", self.step)

    def _look(self) -> Iterator[Record]:
        if self.watched:
            rows = tuple(Observation(self.step, f"dense{n}", "relu", output_std=n / 3) for n in (1, 2))
            bins = tuple(Bin(self.step, "dense1", "activations", n / 3, (n + 1) / 3, n) for n in range(3))
            yield Snapshot(rows, bins if self.step in (0, self.steps) else ())

    def stop(self) -> None:
        self.stopped = True

    def state(self) -> dict[str, np.ndarray]:
        weights = np.arange(6, dtype=np.float32).reshape(2, 3) + self.step
        return {"dense1.weight": weights, "optimizer.0": -weights, "step": np.array([self.step], np.int64)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.step = int(state["step"][0])


def experiment(trainer: FakeTrainer | None = None, sha256: str = "abc", **changes: Any) -> SimpleNamespace:
    """What `assemble.build` returns, as far as a run looks at it."""
    kind = SimpleNamespace(type_name="kind", lr=0.1)
    model = SimpleNamespace(preset=kind, layers=None)
    settings = {"name": "fake", "optimizer": {"name": "kind", "lr": 0.1}, "train": {"seed": 3}, **changes}
    train = SimpleNamespace(seed=3)
    spec = SimpleNamespace(model=model, data=kind, optimizer=kind, train=train, to_dict=lambda: settings)
    data = SimpleNamespace(name="fake", sha256=sha256, validation=None)
    rows = [SimpleNamespace(parameters=6)]
    return SimpleNamespace(
        spec=spec, data=data, trainer=trainer or FakeTrainer(), device="cpu", threads=2, summary=lambda: rows
    )
