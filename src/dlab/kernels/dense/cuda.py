"""The dense layer on a GPU: x [1, I, N], w [O, I], b [O], y [1, O, N].

Forward, data gradient and weight gradient are one matrix product, c[m,n] = sum_k a[m,k] b[k,n], of matrices that lie in
memory one way or the other:

    forward           y  = w   x      m = o, k = i, n = sample
    data gradient     dx = w^T dy     m = i, k = o, n = sample
    weight gradient   dw = dy  x^T    m = o, k = sample, n = i

The bias gradient is a column of dw: that of an input which is always 1.
"""

from collections.abc import Callable

import numpy as np

from dlab.kernels.dense.cuda_product import GATED, ONES, PLAIN, RECTIFIED, product
from dlab.kernels.gpu import strides

Call = Callable[[], object]


def forward(x, w, b, y, slope=1.0) -> Call:
    """y = rectify(w x + b)."""
    (O, I), N = w.shape, x.shape[2]
    bias = np.zeros(O, np.float32) if b is None else b
    steps = I, strides(x)[1], strides(y)[1], 0
    return product((O, N, I), (True, False), steps, RECTIFIED, w, x, bias, y, slope)


def data_gradient(dy, w, dx, gate=None, slope=1.0) -> Call:
    """dx = w^T dy, times the derivative of the rectifier that made the input `gate`."""
    (O, I), N = w.shape, dy.shape[2]
    other, end = (dx, PLAIN) if gate is None else (gate, GATED)
    steps = I, strides(dy)[1], strides(dx)[1], strides(other)[1]
    return product((I, N, O), (False, False), steps, end, w, dy, other, dx, slope)


def weight_gradient(x, dy, dw, db, samples=None) -> Call:
    """dw = dy x^T over the first `samples` samples, db = the sum of dy."""
    (O, I), N = dw.shape, x.shape[2] if samples is None else samples
    other, end = (dw, PLAIN) if db is None else (db, ONES)
    steps = strides(dy)[1], strides(x)[1], I, 0
    return product((O, I, N), (True, True), steps, end, dy, x, other, dw)
