"""The plan of one batch size: buffers allocated once, and a flat list of kernel calls.

    gather -> forward of each stage -> loss -> backward of each stage in reverse -> update

A plan never allocates while it runs, and changes nothing but its buffers, `total`, the gradients and, in training, the
running statistics.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlab.kernels import Backend, Buffer, Call
from dlab.layout import Shape
from dlab.nn.layers.convolution import Convolution
from dlab.nn.layers.dense import Dense
from dlab.nn.network import Name, Network
from dlab.nn.stage import Stage, join


class Plan:
    """One batch through a network: set `rows`, then `run()`; `total` gathers (sum of losses, number correct).

    With `gradients` it is a training plan that ends with `update`; without, an inference plan that stops at the loss.
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
    ):
        self.ops, self.batch, self.training = ops, batch, gradients is not None
        self.rows, self.total = np.zeros(batch, np.int64), np.zeros(2)
        self.stages = join(network.nodes)
        self.keys: dict[int, np.ndarray] = {}  # random state of each stage that wants one, by the layer's index
        self.input = self._connect(network.shape)
        self._give("parameters", network.views(parameters))
        self._give("statistics", network.statistics_views(statistics))
        if gradients is not None:
            self._give("gradients", network.views(gradients))
        self.output = self.stages[-1].y
        data, rows, fetch = samples.bind(self.rows)
        gather = ops.gather.pack(data, rows, self.input.view(), *scaling)
        calls = [gather, *self._forward(), *self._loss(samples, loss)]
        self.calls = [*fetch, *ops.bracket([*calls, *(self._backward() if self.training else []), *update])]

    def run(self) -> None:
        """Do the whole batch `rows`."""
        for call in self.calls:
            call()

    def outputs(self) -> np.ndarray:
        """The network's output for the batch that ran last, [N, ...]."""
        return self.ops.read(self.output.view(), self.batch)

    def _connect(self, shape: Shape) -> Buffer:
        """Give every stage its buffers; what one writes, the next one reads."""
        first = x = self.ops.buffer(shape, self.batch, self.stages[0].layer.margin())
        below: Stage | None = None
        for stage, after in zip(self.stages, [*self.stages[1:], None], strict=True):
            stage.ops, stage.batch, stage.training = self.ops, self.batch, self.training
            stage.x, stage.y = x, self.ops.buffer(stage.output, self.batch, after.layer.margin() if after else 0)
            if self.training:
                self._connect_gradients(stage, below, after)
            x, below = stage.y, stage
        return first

    def _connect_gradients(self, stage: Stage, below: Stage | None, after: Stage | None) -> None:
        plain = stage.pooled or below is None or (after is not None and after.sees_vectors)
        margin = 0 if plain else stage.layer.gradient_margin()
        stage.dy = self.ops.buffer(stage.output, self.batch, margin)
        if stage.layer.random:
            stage.key = self.keys[stage.node.index] = np.zeros(1, np.uint32)
        if below is not None:
            stage.dx = below.dy
            gates = isinstance(stage.layer, Dense | Convolution) and below.slope != 1.0 and not below.pooled
            stage.below, below.gated = (below.slope if gates else 1.0), gates

    def _give(self, what: str, views: dict[Name, np.ndarray]) -> None:
        """Hand each stage its own of the named arrays."""
        by_name = {stage.node.name: stage for stage in self.stages}
        for (name, key), view in views.items():
            getattr(by_name[name], what)[key] = view

    def _forward(self) -> list[Call]:
        return [call for stage in self.stages for call in stage.layer.forward(stage)]

    def _backward(self) -> list[Call]:
        return [call for stage in reversed(self.stages) for call in stage.layer.backward(stage)]

    def _loss(self, samples: Any, loss: Any) -> list[Call]:
        """Fetch the batch's truth, then compare; the gradient goes to the last stage."""
        source = samples.labels if loss.kernel == "softmax_cross_entropy" else np.asarray(samples.targets)
        truth = np.zeros((self.batch, *source.shape[1:]), source.dtype)
        error = self.stages[-1].dy.flat() if self.training else None
        compare = getattr(self.ops.loss, loss.kernel)
        return [self.ops.gather.take(source, self.rows, truth), compare(self.output.flat(), truth, error, self.total)]
