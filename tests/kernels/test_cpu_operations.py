"""The lane-block kernels against the float64 reference, operation by operation, on odd shapes and partial blocks."""

import numpy as np

from dlab import kernels
from dlab.layout import LANES, blocks

CPU, REFERENCE = kernels.CPU(), kernels.Reference()
SAMPLES = 19  # one full block and three lanes of another


def lanes(x, margin=0):
    """[N, ...] as a lane-block buffer with a margin."""
    buffer = CPU.buffer(x.shape[1:], len(x), margin)
    full = np.zeros((blocks(len(x)) * LANES, *x.shape[1:]), np.float32)
    full[: len(x)] = x
    buffer.view()[...] = np.moveaxis(full.reshape(-1, LANES, *x.shape[1:]), 1, -1)
    return buffer


def room(*shape, kind=np.float32):
    """A poisoned output in lane blocks."""
    return np.full((blocks(SAMPLES), *shape, LANES), np.nan if kind is np.float32 else 99, kind)


def check_close(found, wanted, tolerance=2e-6):
    """Relative difference in the Euclidean norm; `found` may be lane blocks."""
    found = CPU.read(found, SAMPLES) if found.ndim > wanted.ndim else found
    assert np.linalg.norm(found - wanted) <= tolerance * max(np.linalg.norm(wanted), 1e-30)
