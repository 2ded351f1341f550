"""Maxout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlab.errors import ShapeError
from dlab.layout import Shape
from dlab.nn.layer import Count
from dlab.nn.layers.pooling import Maximum, Sizes
from dlab.registry import LAYERS

if TYPE_CHECKING:
    from dlab.kernels import Buffer
    from dlab.nn.stage import Stage


@LAYERS.register("maxout")
@dataclass(frozen=True)
class Maxout(Maximum):
    """The largest of `k` neighbouring channels at each position; its gradient goes to the first such channel.

    y[c,i,j] = max over m < k of x[c k + m, i, j]
    shapes: (C, H, W) -> (C / k, H, W), or (I,) -> (I / k,)
    source: L4 (T34)
    """

    k: Count = 2

    def output_shape(self, shape: Shape) -> Shape:
        if shape[0] % self.k:
            kind = "channels" if len(shape) == 3 else "numbers"
            raise ShapeError(f"{shape[0]} {kind} cannot be grouped by {self.k}", "k")
        return (shape[0] // self.k, *shape[1:])

    def sizes(self, shape: Shape) -> Sizes:
        return (self.k, 1), (self.k, 1), 0

    def images(self, stage: Stage, buffer: Buffer) -> np.ndarray:
        """Channels and rows exchanged, so that a window of k rows holds k channels."""
        whole = buffer.view() if len(stage.node.input) == 3 else buffer.flat()[:, :, None, None]
        return whole.swapaxes(1, 2)
