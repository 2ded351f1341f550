"""Array types of the dense kernels, and how much of them the caches hold."""

from collections.abc import Callable

from numba import types

Call = Callable[[], object]
LANED, ROWS, FLAT = (types.Array(types.float32, axes, "C") for axes in (3, 2, 1))
RESTS = types.Array(types.float32, 4, "C")
SLICE = 440  # vectors of x that stay in the first-level cache, of its 768
PIECE = 1 << 20  # bytes of w, or of x: half of the second-level cache
TASKS = 16  # enough for the threads of a laptop
