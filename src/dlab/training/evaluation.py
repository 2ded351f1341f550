"""Loss and accuracy over a whole split, and when to stop early."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dlab.kernels.script import Script
from dlab.nn.plan import Plan
from dlab.results.records import Evaluation, score
from dlab.training.memory import pieces


def finite(array: np.ndarray) -> bool:
    """Whether all numbers are: float64 holds any sum of float32 numbers that are."""
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(array.sum(dtype=np.float64)))


class Patience:
    """Counts evaluations without a better loss: of the validation, else the test, else the training split."""

    def __init__(self, options: Any):
        self.options = options
        self.best, self.waited = np.inf, 0

    def exhausted(self, evaluation: Evaluation) -> bool:
        """Take note of an evaluation; true when it is time to stop."""
        if self.options is None:
            return False
        loss = score(evaluation)
        better = loss < self.best - self.options.min_delta
        self.best, self.waited = (loss, 0) if better else (self.best, self.waited + 1)
        return self.spent

    @property
    def spent(self) -> bool:
        """Whether it is time to stop."""
        return self.options is not None and self.waited >= self.options.patience

    def state(self) -> dict[str, np.ndarray]:
        """What a resumed run must know."""
        return {"patience": np.array([self.best, self.waited])}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on counting from there."""
        self.best, self.waited = float(state["patience"][0]), int(state["patience"][1])


class Stopped(Exception):
    """The run is to end, and the evaluation is not finished."""


class Evaluator:
    """Runs whole splits through the network in inference mode; Stopped as soon as it is `stopping`."""

    stopping = False

    def __init__(self, plan: Callable[..., Plan], script: Script, data: Any, batch: int, early_stop: Any):
        self.script, self.data, self.batch = script, data, batch
        self.counts = data.train.labels is not None or set(np.unique(data.train.targets[:1000])) <= {0.0, 1.0}
        self.patience = Patience(early_stop)
        self._plan = plan
        self._plans: dict[int, list[Plan]] = {}
        for split in (data.test, data.validation):
            if split is not None:
                self._plans_of(split)

    def test(self) -> tuple[float | None, float | None]:
        """(loss, accuracy) of the test split, None where there is none."""
        return (None, None) if self.data.test is None else self._measure(self.data.test)

    def validation(self) -> tuple[float, float | None]:
        """(loss, accuracy) of the validation split."""
        return self._measure(self.data.validation)

    def train(self) -> tuple[float, float | None]:
        """(loss, accuracy) of the training split."""
        return self._measure(self.data.train)

    def _plans_of(self, samples: Any) -> list[Plan]:
        """A plan for full batches and one for the rest, made once."""
        if id(samples) not in self._plans:
            sizes = pieces(len(samples.x), self.batch)
            self._plans[id(samples)] = [self._plan(samples, size, self.script) for size in sizes]
        return self._plans[id(samples)]

    def _measure(self, samples: Any) -> tuple[float, float | None]:
        size, count, once = self.batch, len(samples.x), len(self.script.lines)
        batches = [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
        scores: list[list[list[float]]] = []
        with samples.ahead(batches):
            for start in range(0, len(batches), once):
                if self.stopping:
                    raise Stopped
                scores.append(self._play(samples, batches[start : start + once]))
        loss, correct, _ = np.concatenate(scores).sum(axis=0) / count
        return float(loss), float(correct) if self.counts else None

    def _play(self, samples: Any, batches: list[np.ndarray]) -> list[list[float]]:
        """The scores of some batches, which run without a pause."""
        for line, rows in zip(self.script.lines, batches, strict=False):
            line.rows[: len(rows)] = rows
        plans = {plan.batch: plan for plan in self._plans_of(samples)}
        return self.script.play([plans[len(rows)] for rows in batches])
