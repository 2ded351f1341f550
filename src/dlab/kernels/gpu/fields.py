"""Kernels with one thread for each number of a batch: who does which, and where it lies.

A block is 32 lanes by 8 numbers; x of the grid runs over the numbers of a sample, y over the warps of lanes.
"""

from typing import Any

import numpy as np

from dlab.kernels.gpu import WARP, Launch, strides
from dlab.kernels.gpu.language import cuda
from dlab.kernels.memory import as_images
from dlab.layout import volume

ROWS = 8


@cuda.jit(device=True)
def place(number, size, steps):
    """Where number (c H + i) W + j of a sample lies, for lane 0; size (C, H, W), steps to the next along each."""
    pixels = size[1] * size[2]
    c, pixel = number // pixels, number % pixels
    return c * steps[0] + pixel // size[2] * steps[1] + pixel % size[2] * steps[2]


def over(make: Any, arrays: list[np.ndarray], *arguments: Any) -> Launch:
    """A launch of `make(size, steps of each array...)` with a thread for each number of the arrays, which are alike."""
    images = [as_images(array) for array in arrays]
    size, lanes = images[0].shape[1:4], images[0].shape[4]
    kernel = make(size, *(strides(image)[1:4] for image in images))
    grid = -(-volume(size) // ROWS), lanes // WARP
    return Launch(kernel, grid, (WARP, ROWS), *images, *arguments)
