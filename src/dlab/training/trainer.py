"""The training loop: it yields records and knows nobody who reads them."""

from collections.abc import Iterator, Sequence
from functools import partial
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np

from dlab.errors import CheckpointError, Diverged
from dlab.kernels import Backend, Call
from dlab.kernels.script import SCORE, Line, Script
from dlab.nn.network import Network
from dlab.nn.plan import Plan
from dlab.results.records import Evaluation, Finished, Progress, Record, Timing, Validated
from dlab.training.batches import Batches
from dlab.training.evaluation import Evaluator
from dlab.training.memory import Memory
from dlab.training.randomness import MASK, key
from dlab.training.stretch import Stretch
from dlab.training.threads import Threads
from dlab.training.watch import Watch

SECONDS_BETWEEN_PROGRESS = 0.1


class Trainer:
    """Trains one network on one data set as one spec says.

    `run()` yields Progress now and then, an Evaluation with its Timing every `eval_every` steps, and Finished; if the
    spec asks to watch the layers, a Snapshot at the start and with every Evaluation.
    `stop()` ends it after the present stretch of batches; `state()` and `restore()` are all that a resumed run needs.
    """

    def __init__(self, network: Network, ops: Backend, data: Any, spec: Any, threads: int):
        self.network, self.ops, self.data, self.spec = network, ops, data, spec
        self.room, options = Memory(network, ops, data, spec), spec.train
        self.room.check()
        size = self.room.batch
        self.batches = Batches(len(data.train.x), size, options.sampling, options.seed)
        self.steps_per_epoch = self.batches.per_epoch
        self.steps = options.iterations or options.epochs * self.steps_per_epoch
        self.eval_every = options.eval_every or min(self.steps_per_epoch, self.steps)
        self.parameters, self.gradients = ops.zeros((network.size,)), ops.zeros((network.size,))
        network.start(self.parameters, spec.model.init, options.seed)
        self.statistics = ops.zeros((network.statistics_size,))
        network.start_statistics(self.statistics)
        self.states = [ops.zeros((network.size,)) for _ in spec.optimizer.start()]
        for array, value in zip(self.states, spec.optimizer.start(), strict=True):
            array[...] = value
        self.memory = np.array(spec.optimizer.memory)
        self.threads = Threads(1 if ops.apart else threads)
        self.script = ops.script(
            size, len(network.random), len(spec.optimizer.coefficients(1)), bool(len(self.memory)) or self.room.streams
        )
        self._stretch, self._sums = Stretch(len(self.script.lines)), [0.0] * SCORE
        self._update = self._update_calls()
        script = ops.script(self.room.inference, alone=self.room.streams)
        self.evaluator = Evaluator(self._inference, script, data, self.room.inference, options.early_stop)
        self.plans: dict[int, Plan] = {}
        for number in {size, len(data.train.x) % size or size}:
            self._plan_for(number)
        self.watch = Watch(self._plan, network, ops, data.train, self.batches, self.parameters, options)
        self.step, self._stopping = 0, False
        self._reset()

    def run(self) -> Iterator[Record]:
        """Train from the present step to the last."""
        coming = (self.batches.rows(step) for step in range(self.step, self.steps))
        with self.data.train.ahead(coming):
            yield from self._records()

    def _records(self) -> Iterator[Record]:
        if self.step == 0:
            yield from self.watch.look(0, whole=True)
        told = began = perf_counter()
        enough = False
        while self.step < self.steps and not self._stopping and not enough:
            begin, count = perf_counter(), self._coming()
            self.train_step(count)
            now = perf_counter()
            self._stretch.took(now - begin, count)
            if self.step % self.eval_every == 0 or self.step == self.steps:
                evaluation = self._evaluate()
                enough = self.evaluator.patience.exhausted(evaluation)
                seen = self.watch.look(self.step, whole=enough or self.step == self.steps)
                timing = self._timing(now - began, perf_counter() - now)
                self._reset()  # before the records go out: whoever sees them may take state()
                yield evaluation
                yield from seen
                yield timing
                began = told = perf_counter()
            elif now - told > SECONDS_BETWEEN_PROGRESS:
                yield self._progress(now - began)
                told = now
        yield Finished("early stop" if enough else "stopped" if self._stopping else "done", self.step)

    def train_step(self, count: int = 1) -> None:
        """So many batches in one go: gather, forward, loss, backward, update; Diverged if a loss is not finite."""
        plans = [self.prepare(line, self.step + n) for n, line in enumerate(self.script.lines[:count])]
        scores = self.threads.step(partial(self.script.play, plans))
        for plan, score in zip(plans, scores, strict=True):
            self.step += 1
            self._seen += plan.batch
            self._batches += 1
            self._sums = [whole + part for whole, part in zip(self._sums, score, strict=True)]
            if not isfinite(score[0]):
                raise Diverged(self._divergence(score[0]))

    def prepare(self, line: Line, step: int) -> Plan:
        """Write the line of a step: rows, random states, coefficients; returns the plan that plays it."""
        rows, seed = self.batches.rows(step), self.spec.train.seed
        line.rows[: len(rows)] = rows
        for place, number in enumerate(self.network.random):
            line.keys[place] = key(seed, MASK, number, step)
        rate, *others = self.spec.optimizer.coefficients(step + 1)
        line.coefficients[:] = rate * self.spec.schedule.scale(step + 1, self.steps), *others
        self._running = self._plan_for(len(rows))
        return self._running

    def _coming(self) -> int:
        """Steps of the next stretch: none goes beyond an evaluation or the end."""
        return min(self._stretch.steps, self.eval_every - self.step % self.eval_every, self.steps - self.step)

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        return self.spec.optimizer.lr * self.spec.schedule.scale(self.step, self.steps)

    def _update_calls(self) -> list[Call]:
        """What follows the backward pass: clip the gradient, count the penalties, feed back the loss, move."""
        ops, w, g, options = self.ops.update, self.parameters, self.gradients, self.spec.regularize
        penalties = self.network.weights, options.l1, options.l2, options.lp, options.p
        calls = [ops.clip(g, self.spec.train.clip)] if self.spec.train.clip else []
        if options.l1 or options.l2 or options.lp:
            calls.append(ops.penalty(w, *penalties, self.script.score[2:]))
        if len(self.memory):
            calls.append(self._feed_back)
        coefficients = self.script.line.coefficients
        return [*calls, ops.apply(self.spec.optimizer.rule, w, g, self.states, coefficients, *penalties)]

    def _feed_back(self) -> None:
        """Between backward pass and update: let the optimizer see the batch's loss."""
        coefficients, score = self.script.line.coefficients, self.ops.fetch(self.script.score)
        self.spec.optimizer.feedback(float(score[0]) / self._running.batch, self.memory, coefficients)
        self.ops.send(coefficients)

    def stop(self) -> None:
        """End after the present stretch of batches."""
        self._stopping = True

    def state(self) -> dict[str, np.ndarray]:
        """Everything a resumed run needs: weights and running statistics by name, optimizer state, step."""
        for array in self._kept():
            self.ops.fetch(array)
        states = {f"optimizer.{number}": array for number, array in enumerate(self.states)}
        states |= {"optimizer.memory": self.memory} if len(self.memory) else {}
        found = {name: array.copy() for name, array in {**self._named(), **states}.items()}
        sums = np.array([*self._sums, self._seen, self._batches])
        return found | {"step": np.array([self.step], np.int64), "sums": sums, **self.evaluator.patience.state()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from `state()`; CheckpointError if it belongs to another network or optimizer."""
        own = self.state()
        odd = sorted(set(own) ^ set(state)) or [n for n in own if own[n].shape != state[n].shape]
        if odd:
            raise CheckpointError(f"this checkpoint belongs to another network or optimizer: {', '.join(odd[:5])}")
        for name, view in self._named().items():
            view[...] = state[name]
        for number, array in enumerate(self.states):
            array[...] = state[f"optimizer.{number}"]
        for array in self._kept():
            self.ops.send(array)
        self.memory[:] = state.get("optimizer.memory", ())
        self.step = int(state["step"][0])
        self.evaluator.patience.restore(state)
        self._sums = state["sums"][:SCORE].tolist()
        self._seen, self._batches = map(int, state["sums"][SCORE:])

    def _kept(self) -> list[np.ndarray]:
        """The arrays that a run goes on with."""
        return [self.parameters, self.statistics, *self.states]

    def _named(self) -> dict[str, np.ndarray]:
        """Views of the parameters and the running statistics, as a checkpoint names them."""
        views = self.network.views(self.parameters) | self.network.statistics_views(self.statistics)
        return {f"{name}.{kind}": view for (name, kind), view in views.items()}

    def _plan(
        self,
        samples: Any,
        batch: int,
        gradients: np.ndarray | None = None,
        update: Sequence[Call] = (),
        script: Script | None = None,
        aside: bool = False,
    ) -> Plan:
        """A plan on the parameters and running statistics; one aside may be run without a trace in these."""
        statistics = self.statistics.copy() if aside else self.statistics
        scaling, arrays = (self.data.scale, self.data.shift), (self.parameters, statistics)
        given = samples, scaling, self.spec.loss, batch, *arrays
        return Plan(self.network, self.ops, *given, gradients, update, script)

    def _inference(self, samples: Any, size: int, script: Script) -> Plan:
        """A plan for measuring."""
        return self.room.make(size, False, partial(self._plan, samples, size, script=script))

    def _plan_for(self, size: int) -> Plan:
        """The plan for this batch size: the last batch of an epoch may be smaller."""
        if size not in self.plans:
            make = partial(self._plan, self.data.train, size, self.gradients, self._update, self.script)
            self.plans[size] = self.room.make(size, True, make)
        return self.plans[size]

    def _reset(self) -> None:
        """Forget the sums since the last evaluation: losses, number correct, penalties; samples and batches."""
        self._sums = [0.0] * SCORE
        self._seen, self._batches = 0, 0

    def _means(self) -> tuple[float, float | None]:
        """Loss (penalties included) and accuracy of the batches since the last evaluation, as differentiated."""
        loss, correct, cost = self._sums
        accuracy = float(correct / self._seen) if self.evaluator.counts else None
        return float(loss / self._seen + cost / self._batches), accuracy

    def _place(self) -> tuple[int, int]:
        """(epoch, step) for a record: the epoch, from 1, that the last batch belonged to."""
        return (self.step - 1) // self.steps_per_epoch + 1, self.step

    def _evaluate(self) -> Evaluation:
        train = self.evaluator.train() if self.spec.train.measure == "all" else self._means()
        row = *self._place(), self.rate, *train, *self.evaluator.test()
        return Validated(*row, *self.evaluator.validation()) if self.data.validation else Evaluation(*row)

    def _timing(self, train: float, evaluate: float) -> Timing:
        return Timing(self.step, train, evaluate, self._seen / train, self.threads.best)

    def _progress(self, seconds: float) -> Progress:
        epoch, step = self._place()
        return Progress(epoch, step, self.steps, *self._means(), self._seen / seconds, self.threads.best)

    def _divergence(self, loss: float) -> str:
        epoch, step = self._place()
        batch = (step - 1) % self.steps_per_epoch + 1
        return (
            f"the loss became {loss} in epoch {epoch}, batch {batch} (step {step}), at learning rate "
            f"{self.rate:g}. Try a smaller optimizer.lr, or another model.init"
        )
