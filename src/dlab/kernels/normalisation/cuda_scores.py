"""What the kernels of both normalisations do with one number."""

import numpy as np

from dlab.kernels.gpu.language import cuda

ZERO = np.float32(0)


@cuda.jit(device=True)
def rectified(value, u, slope):
    """The value where u > 0, else slope times it: y from u itself, the gradient of u from that of y."""
    return value if u > ZERO else slope * value
