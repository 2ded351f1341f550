"""The parameters and gradients that optimizers are timed on; every peer gets the same."""

import numpy as np


def start(size: int) -> tuple[np.ndarray, np.ndarray]:
    """(w, g), both of the size that a network's are."""
    random = np.random.default_rng(0)
    w, g = (random.standard_normal(size, np.float32) for _ in range(2))
    return 0.1 * w, 0.01 * g
