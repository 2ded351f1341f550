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
from dlab.results.checkpoint import forms
from dlab.results.records import Evaluation, Finished, Progress, Record, Timing, Validated, score
from dlab.results.settings import differences
from dlab.training.arrays import Arrays
from dlab.training.batches import Batches
from dlab.training.evaluation import Evaluator, Stopped
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
        self.arrays = Arrays(network, ops, spec)
        self.parameters, self.gradients, self.memory = self.arrays.parameters, self.arrays.gradients, self.arrays.memory
        self.threads = Threads(1 if ops.apart else threads)
        changing = len(network.random), len(spec.optimizer.coefficients(1))
        self.script = ops.script(size, *changing, alone=bool(len(self.memory)) or self.room.streams)
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
        before, enough = self._seen, self.evaluator.patience.spent
        while not (self._stopping or enough or self._finished):
            if not self._due:  # a run that was stopped while it was evaluated goes on with that
                self._train_stretch()
            now = perf_counter()
            if self._due:
                if (evaluation := self._evaluate()) is None:
                    break
                enough = self.evaluator.patience.exhausted(evaluation)
                seen = self.watch.look(self.step, whole=enough or self.step == self.steps)
                rate = (self._seen - before) / (now - began)
                timing = Timing(self.step, now - began, perf_counter() - now, rate, self.threads.best)
                self._reset()  # before the records go out: whoever sees them may take state()
                yield evaluation
                yield from seen
                yield timing
                before, began = 0, perf_counter()
                told = began
            elif now - told > SECONDS_BETWEEN_PROGRESS:
                yield self._progress((self._seen - before) / (now - began))
                told = now
        yield Finished("early stop" if enough else "done" if self._finished else "stopped", self.step)

    @property
    def _finished(self) -> bool:
        return self.step == self.steps and not self._due

    @property
    def _due(self) -> bool:
        """Whether the last batch is to be followed by an evaluation that was not made yet."""
        return self._seen > 0 and (self.step % self.eval_every == 0 or self.step == self.steps)

    def train_step(self, count: int = 1) -> None:
        """So many batches in one go: gather, forward, loss, backward, update; Diverged if a loss is not finite."""
        plans = [self.prepare(line, self.step + n) for n, line in enumerate(self.script.lines[:count])]
        scores = self.threads.step(partial(self.script.play, plans))
        for plan, sums in zip(plans, scores, strict=True):
            self.step += 1
            self._seen += plan.batch
            self._batches += 1
            self._sums = [whole + part for whole, part in zip(self._sums, sums, strict=True)]
            if not isfinite(sums[0]):
                raise Diverged(self._divergence(f"the loss became {sums[0]}"))

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

    def _train_stretch(self) -> None:
        """The next steps in one go: none goes beyond an evaluation or the end."""
        count = min(self._stretch.steps, self.eval_every - self.step % self.eval_every, self.steps - self.step)
        begin = perf_counter()
        self.train_step(count)
        self._stretch.took(perf_counter() - begin, count)

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
        return [*calls, ops.apply(self.spec.optimizer.rule, w, g, self.arrays.states, coefficients, *penalties)]

    def _feed_back(self) -> None:
        """Between backward pass and update: let the optimizer see the batch's loss."""
        coefficients, score = self.script.line.coefficients, self.ops.fetch(self.script.score)
        self.spec.optimizer.feedback(float(score[0]) / self._running.batch, self.memory, coefficients)
        self.ops.send(coefficients)

    def stop(self) -> None:
        """End after the present stretch of batches, also in the middle of an evaluation."""
        self._stopping = self.evaluator.stopping = True

    def state(self) -> dict[str, np.ndarray]:
        """Everything a resumed run needs: weights and running statistics by name, optimizer state, step.

        Diverged if the weights are not finite: such a state is never kept.
        """
        self._check_weights()
        sums = np.array([*self._sums, self._seen, self._batches])
        own = {"step": np.array([self.step], np.int64), "sums": sums, **self.evaluator.patience.state()}
        return self.arrays.copies() | own

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from `state()`; CheckpointError if it belongs to another network or optimizer."""
        if odd := differences(forms(state), forms(self.state())):
            raise CheckpointError(f"this checkpoint belongs to another network or optimizer: {'; '.join(odd[:5])}")
        self.arrays.put(state)
        self.step = int(state["step"][0])
        self.evaluator.patience.restore(state)
        self._sums = state["sums"][:SCORE].tolist()
        self._seen, self._batches = map(int, state["sums"][SCORE:])

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
        statistics = self.arrays.statistics.copy() if aside else self.arrays.statistics
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

    def _evaluate(self) -> Evaluation | None:
        """The row of results.csv for this step, None if the run is stopped meanwhile; Diverged if it is not finite."""
        try:
            train = self.evaluator.train() if self.spec.train.measure == "all" else self._means()
            row = *self._place(), self.rate, *train, *self.evaluator.test()
            found = Validated(*row, *self.evaluator.validation()) if self.data.validation else Evaluation(*row)
        except Stopped:
            return None
        self._check_weights()
        if not isfinite(score(found)):
            raise Diverged(self._divergence(f"the test loss became {found.test_loss}"))
        return found

    def _check_weights(self) -> None:
        """Diverged if a weight or a running statistic is not finite, which a saturated unit hides from the loss."""
        if not self.arrays.finite():
            raise Diverged(self._divergence("a weight became infinite or NaN"))

    def _progress(self, rate: float) -> Progress:
        epoch, step = self._place()
        return Progress(epoch, step, self.steps, *self._means(), rate, self.threads.best)

    def _divergence(self, what: str) -> str:
        epoch, step = self._place()
        batch = (step - 1) % self.steps_per_epoch + 1
        where = f"in epoch {epoch}, batch {batch} (step {step}), at learning rate {self.rate:g}"
        return f"{what} {where}. Try a smaller optimizer.lr, or another model.init"
