"""The one place that imports the CUDA language: NVIDIA's numba-cuda where it is installed, else Numba's own.

The emulator needs no more than the latter: it reads a kernel's source and never compiles for a GPU.
"""

from numba import cuda

__all__ = ["cuda"]
