"""The plan of one batch size: buffers allocated once, and a flat list of kernel calls.

    gather -> forward of each stage -> loss -> backward of each stage in reverse -> update -> turn the page

A plan never allocates while it runs, and changes nothing but its buffers, the score, the gradients and, in training,
the running statistics.  What changes from step to step it reads in its script (`kernels.script`).
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dlab.kernels import Backend, Buffer, Call, memory
from dlab.kernels.script import Script
from dlab.layout import Shape
from dlab.nn.layers.convolution import Convolutional
from dlab.nn.layers.dense import Dense
from dlab.nn.network import Name, Network
from dlab.nn.stage import Stage, join

ACTIVATIONS, GRADIENTS = "activations", "gradients"  # what memory is for


class Segment(NamedTuple):
    """The calls of one part of a plan: of a layer's way forward or backward, or of what is no layer's."""

    name: str
    part: str
    calls: Sequence[Call]


class Plan:
    """One batch through a network: `run()` does that of its script's line; `total` is (sum of losses, number correct).

    With `gradients` it is a training plan that ends with `update`; without, an inference plan that stops at the loss.
    Plans that follow one another share a script; a plan without one has its own.
    """

    def __init__(
        self,
        network: Network,
        ops: Backend,
        samples: Any,
        scaling: tuple[float, float],
        loss: Any,
        batch: int,
        parameters: np.ndarray,
        statistics: np.ndarray,
        gradients: np.ndarray | None = None,
        update: Sequence[Call] = (),
        script: Script | None = None,
    ):
        self.ops, self.batch, self.training = ops, batch, gradients is not None
        self.script = script or ops.script(batch, len(network.random), alone=True)
        self.rows, self.total = self.script.line.rows[:batch], self.script.score[:2]
        self.stages = join(network.nodes)
        self._keys = {index: self.script.line.keys[k : k + 1] for k, index in enumerate(network.random)}
        self.input = self._connect(network.shape)
        self._give("parameters", network.views(parameters))
        self._give("statistics", network.statistics_views(statistics))
        if gradients is not None:
            self._give("gradients", network.views(gradients))
        self.output = self.stages[-1].y
        self.segments = list(self._segments(samples, scaling, loss, update))
        read, *rest = self.segments  # reading from disk is the host's, and may take long
        self.calls = [*read.calls, *ops.bracket([call for segment in rest for call in segment.calls])]

    def run(self) -> None:
        """Do the whole batch."""
        for call in self.calls:
            call()

    def outputs(self) -> np.ndarray:
        """The network's output for the batch that ran last, [N, ...]."""
        return self.ops.read(self.output.view(), self.batch)

    def _connect(self, shape: Shape) -> Buffer:
        """Give every stage its buffers; what one writes, the next one reads."""
        self._live(ACTIVATIONS, 0, self._last_use(-1))
        first = x = self.ops.buffer(shape, self.batch, self.stages[0].layer.margin())
        below: Stage | None = None
        for index, (stage, after) in enumerate(zip(self.stages, [*self.stages[1:], None], strict=True)):
            stage.ops, stage.batch, stage.training = self.ops, self.batch, self.training
            self._live(ACTIVATIONS, index, self._last_use(index))
            stage.x, stage.y = x, self.ops.buffer(stage.output, self.batch, after.layer.margin() if after else 0)
            if self.training:
                self._live(GRADIENTS, self._last_use(index + 1), self._last_use(index))
                self._connect_gradients(stage, below, after)
            x, below = stage.y, stage
        return first

    def _live(self, kind: str, first: int, last: int) -> None:
        """What is asked for next is in use from one moment to another: see `nn.memory`."""
        memory.source().live(kind, first, last)

    def _last_use(self, index: int) -> int:
        """The moment of the stage that is the last to read the output of stage `index`; the input is that of -1."""
        return 2 * len(self.stages) - index if self.training else index + 1

    def _connect_gradients(self, stage: Stage, below: Stage | None, after: Stage | None) -> None:
        plain = stage.pooled or below is None or (after is not None and after.sees_vectors)
        margin = 0 if plain else stage.layer.gradient_margin()
        stage.dy = self.ops.buffer(stage.output, self.batch, margin)
        if stage.layer.random:
            stage.key = self._keys[stage.node.index]
        if below is not None:
            stage.dx = below.dy
            gates = isinstance(stage.layer, Dense | Convolutional) and below.slope != 1.0 and not below.pooled
            stage.below, below.gated = (below.slope if gates else 1.0), gates

    def _give(self, what: str, views: dict[Name, np.ndarray]) -> None:
        """Hand each stage its own of the named arrays."""
        by_name = {stage.node.name: stage for stage in self.stages}
        for (name, key), view in views.items():
            getattr(by_name[name], what)[key] = view

    def _segments(
        self, samples: Any, scaling: tuple[float, float], loss: Any, update: Sequence[Call]
    ) -> Iterator[Segment]:
        """All parts in the order in which they run.

        What a layer asks for on the way forward stays until its backward calls have run.
        """
        data, rows, fetch = samples.bind(self.rows, self.ops.apart)
        shown = [partial(self.ops.send, data)] if fetch and self.ops.apart else []
        yield Segment("batch", "read", [*fetch, *shown])
        yield Segment("batch", "gather", [self.ops.gather.pack(data, rows, self.input.view(), *scaling)])
        for index, stage in enumerate(self.stages):
            self._live(ACTIVATIONS, index, self._last_use(index) if self.training else index)
            yield Segment(stage.node.name, "forward", stage.layer.forward(stage))
        yield Segment("loss", "loss", self._loss(samples, loss))
        for index, stage in reversed(list(enumerate(self.stages)) if self.training else []):
            self._live(GRADIENTS, self._last_use(index), self._last_use(index))
            yield Segment(stage.node.name, "backward", stage.layer.backward(stage))
        yield Segment("optimizer", "update", update)
        yield Segment("step", "turn", self.script.turned)

    def _loss(self, samples: Any, loss: Any) -> list[Call]:
        """Fetch the batch's truth, then compare; the gradient goes to the last stage."""
        source = samples.labels if loss.kernel == "softmax_cross_entropy" else np.asarray(samples.targets)
        self._live(ACTIVATIONS, len(self.stages), len(self.stages))
        truth = self.ops.zeros((self.batch, *source.shape[1:]), source.dtype)
        error = self.stages[-1].dy.flat() if self.training else None
        compare = getattr(self.ops.loss, loss.kernel)
        return [self.ops.gather.take(source, self.rows, truth), compare(self.output.flat(), truth, error, self.total)]
