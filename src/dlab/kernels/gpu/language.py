"""The one place that imports the CUDA language: NVIDIA's numba-cuda where it is installed, else Numba's own.

The emulator needs no more than the latter: it reads a kernel's source and never compiles for a GPU.
"""

import os

import numpy as np

# Few blocks are on purpose: grids follow from shapes alone, and small networks are small.
os.environ.setdefault("NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS", "0")

from numba import cuda

index = np.uint64  # around an index: it is not negative, so that no machine code is spent on counting from the end

__all__ = ["cuda", "index", "over_warp"]

EVERYONE = 0xFFFFFFFF  # threads of a warp


@cuda.jit(device=True)
def over_warp(number):
    """The sum of a number over the lanes of a warp, in each of them; the emulator knows it by its name."""
    for level in range(5):
        other = cuda.shfl_xor_sync(EVERYONE, number, 1 << level)
        number += other
    return number
