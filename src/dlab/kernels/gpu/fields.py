"""Kernels with one thread for each number of a batch: who does which, and where it lies.

A block is 32 lanes by 8 numbers; x of the grid runs over the numbers of a sample, y over the warps of lanes.
"""

from typing import Any

import numpy as np

from dlab.kernels.gpu import WARP, Dimensions, Launch, strides
from dlab.kernels.gpu.language import cuda
from dlab.kernels.memory import as_images
from dlab.layout import volume

ROWS = 8
U = np.uint32  # of whole numbers without a sign: divisions are short ones


@cuda.jit(device=True)
def split(number, size):
    """(c, i, j) of number (c H + i) W + j of a sample; size (C, H, W)."""
    pixels, width = U(size[1] * size[2]), U(size[2])
    pixel = U(U(number) % pixels)
    return U(U(number) // pixels), U(pixel // width), U(pixel % width)


@cuda.jit(device=True)
def place(number, size, steps, lane):
    """Where a number of a sample lies in a row; steps to the next along each axis."""
    c, i, j = split(number, size)
    return at(c, i, j, steps, lane)


@cuda.jit(device=True)
def at(c, i, j, steps, lane):
    """Where a pixel lies: without a sign, as indices that may be negative cost three instructions more."""
    return np.uint64(c * steps[0] + i * steps[1] + j * steps[2] + lane)


def steps_of(*images: np.ndarray) -> tuple[Dimensions, ...]:
    """How many numbers apart neighbouring channels, rows and columns of each [1, C, H, W, N] are."""
    return tuple(strides(image)[1:4] for image in images)


def threads(numbers: int, lanes: int, rows: int = ROWS) -> tuple[Dimensions, Dimensions]:
    """Grid and block with a thread for each number and lane, and `rows` numbers in a block."""
    return (-(-numbers // rows), lanes // WARP), (WARP, rows)


def over(make: Any, arrays: list[np.ndarray], *arguments: Any) -> Launch:
    """A launch of `make(size, steps of each array...)` with a thread for each number of the arrays, which are alike."""
    images = [as_images(array) for array in arrays]
    size, lanes = images[0].shape[1:4], images[0].shape[4]
    return Launch(make(*joined(size, *steps_of(*images))), *threads(volume(size), lanes), *images, *arguments)


def joined(size: Dimensions, *each: Dimensions) -> tuple[Dimensions, ...]:
    """Size and steps with axes as one that follow each other in all arrays: to find a place costs fewer divisions."""
    for axis in (1, 0):
        if all(steps[axis] == size[axis + 1] * steps[axis + 1] for steps in each):
            size = (*size[:axis], size[axis] * size[axis + 1], *size[axis + 2 :], 1)
            each = tuple((*steps[:axis], *steps[axis + 1 :], 0) for steps in each)
    return size, *each
