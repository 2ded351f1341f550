"""What the NumPy statements of all operations share: binding, windows, margins.

The reference states each operation in float64, as close to its formula as NumPy allows; the fast kernels are checked
against it.  Sums run in NumPy's own fixed order, without BLAS, so its bits do not depend on the threads either.
"""

from functools import partial, wraps

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def bound(work):
    """A function that does its work at once becomes one that binds the same arguments and returns the work as a call.

    formula: bound(work)(x, y)() = work(x, y)
    """

    @wraps(work)
    def bind(*args, **kwargs):
        return partial(work, *args, **kwargs)

    return bind


def windows(x, size, stride):
    """Every window of an image as a view: seen[n,c,i,j,p,q] = x[n, c, i S + p, j S + q]; writing goes to x.

    shapes: x [N, C, H, W] and size (FH, FW) -> [N, C, (H - FH) // S + 1, (W - FW) // S + 1, FH, FW]
    """
    seen = sliding_window_view(x, size, axis=(2, 3), writeable=True)
    return seen[:, :, ::stride, ::stride]


def padded(x, margin, fill=0.0):
    """A copy of an image with a margin of `fill` on each side; shapes: [N, C, H, W] -> [N, C, H + 2 margin, ...]."""
    return np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)), constant_values=fill)


def interior(x, margin):
    """An image without its margin, as a view; shapes: [N, C, H, W] -> [N, C, H - 2 margin, W - 2 margin]."""
    height, width = x.shape[2:]
    return x[:, :, margin : height - margin, margin : width - margin]
