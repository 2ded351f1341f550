"""The affine map of a batch of vectors."""

import numpy as np


def forward(x, w, b):
    y = np.zeros((len(x), len(w)))
    for n, o in np.ndindex(y.shape):
        y[n, o] = b[o]
        for i in range(x.shape[1]):
            y[n, o] += w[o, i] * x[n, i]
    return y


def data_gradient(dy, w):
    dx = np.zeros((len(dy), w.shape[1]))
    for n, i in np.ndindex(dx.shape):
        for o in range(len(w)):
            dx[n, i] += w[o, i] * dy[n, o]
    return dx


def weight_gradient(x, dy):
    dw, db = np.zeros((dy.shape[1], x.shape[1])), np.zeros(dy.shape[1])
    for n, o in np.ndindex(dy.shape):
        db[o] += dy[n, o]
        for i in range(x.shape[1]):
            dw[o, i] += dy[n, o] * x[n, i]
    return dw, db
