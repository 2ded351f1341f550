"""Convolution as the formula says it: plain loops, compiled, one sample after another.

Nothing here is fast, and that is its use: `dlab bench` shows what the other ways gain.  Arrays are [N, C, H, W] in
float32; a sum is taken term by term, in the order of its indices.
"""

import numpy as np
from numba import types

from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.tasks import tasks


@factory
def _forward():
    @kernel(floats(4), floats(4), floats(4), types.intp)
    def forward(worker, x, w, y, stride):
        for n in tasks(worker, y.shape[0]):
            for k in range(y.shape[1]):
                for i in range(y.shape[2]):
                    for j in range(y.shape[3]):
                        total = np.float32(0)
                        for c in range(w.shape[1]):
                            for p in range(w.shape[2]):
                                for q in range(w.shape[3]):
                                    total += w[k, c, p, q] * x[n, c, i * stride + p, j * stride + q]
                        y[n, k, i, j] = total

    return forward


@factory
def _data_gradient():
    @kernel(floats(4), floats(4), floats(4), types.intp, types.intp)
    def data_gradient(worker, dy, w, dx, stride, pad):
        for n in tasks(worker, dx.shape[0]):
            dx[n] = np.float32(0)
            for k in range(dy.shape[1]):
                for i in range(dy.shape[2]):
                    for j in range(dy.shape[3]):
                        for c in range(w.shape[1]):
                            for p in range(w.shape[2]):
                                for q in range(w.shape[3]):
                                    h, v = i * stride + p - pad, j * stride + q - pad
                                    if 0 <= h < dx.shape[2] and 0 <= v < dx.shape[3]:
                                        dx[n, c, h, v] += w[k, c, p, q] * dy[n, k, i, j]

    return data_gradient


@factory
def _weight_gradient():
    @kernel(floats(4), floats(4), floats(4), types.intp)
    def weight_gradient(worker, x, dy, dw, stride):
        for k in tasks(worker, dw.shape[0]):
            for c in range(dw.shape[1]):
                for p in range(dw.shape[2]):
                    for q in range(dw.shape[3]):
                        total = np.float32(0)
                        for n in range(dy.shape[0]):
                            for i in range(dy.shape[2]):
                                for j in range(dy.shape[3]):
                                    total += dy[n, k, i, j] * x[n, c, i * stride + p, j * stride + q]
                        dw[k, c, p, q] = total

    return weight_gradient


def forward(x, w, y, stride=1):
    """y[n,k,i,j] = sum over c, p, q of w[k,c,p,q] x[n, c, i S + p, j S + q]; x includes its padding."""
    run = _forward()
    return lambda: run(x, w, y, stride)


def data_gradient(dy, w, dx, stride=1, pad=0):
    """dx[n, c, i S + p - P, j S + q - P] += w[k,c,p,q] dy[n,k,i,j], for all that lie in the image."""
    run = _data_gradient()
    return lambda: run(dy, w, dx, stride, pad)


def weight_gradient(x, dy, dw, stride=1):
    """dw[k,c,p,q] = sum over n, i, j of dy[n,k,i,j] x[n, c, i S + p, j S + q]; x includes its padding."""
    run = _weight_gradient()
    return lambda: run(x, dy, dw, stride)
