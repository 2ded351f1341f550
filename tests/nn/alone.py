"""One layer by itself, with buffers as a plan gives them."""

import numpy as np

from dlab import kernels
from dlab.nn.network import place
from dlab.nn.stage import Stage


class Alone:
    """A layer between an input and an error that the test chooses; margins are those of its neighbours."""

    def __init__(self, layer, x, backend="reference", training=True, margin=0, **parameters):
        self.ops, self.samples = kernels.backend(backend), len(x)
        (node,) = place((layer,), x.shape[1:])
        self.stage = stage = Stage(node, node.output, ops=self.ops, batch=len(x), training=training)
        stage.x, stage.y = self._buffer(node.input, layer.margin()), self._buffer(node.output, margin)
        stage.dx, stage.dy = self._buffer(node.input, margin), self._buffer(node.output)
        stage.key = np.array([7], np.uint32)
        for name, value in parameters.items():
            stage.parameters[name] = self.ops.zeros(value.shape)
            stage.parameters[name][...] = value
            stage.gradients[name] = self.ops.zeros(value.shape)
            stage.gradients[name][...] = np.nan
        self._forward, self._backward = layer.forward(stage), layer.backward(stage) if training else []
        self.fill(stage.x, x)

    def _buffer(self, shape, margin=0):
        return self.ops.buffer(shape, self.samples, margin if len(shape) == 3 else 0)

    def fill(self, buffer, values):
        rows = np.arange(len(values))
        self.ops.gather.pack(values.reshape(len(values), -1).astype(self.ops.dtype), rows, buffer.view(), 1.0, 0.0)()

    def forward(self):
        for call in self._forward:
            call()
        return self.ops.read(self.stage.y.view(), self.samples)

    def backward(self, dy):
        self.fill(self.stage.dy, dy)
        for call in self._backward:
            call()
        return self.ops.read(self.stage.dx.view(), self.samples)
