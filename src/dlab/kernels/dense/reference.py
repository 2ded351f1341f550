"""The dense layer as the page states it."""

import numpy as np

from dlab.kernels.reference import bound


@bound
def forward(x, w, b, y, slope=1.0):
    """Weigh all inputs for each output, and rectify: u[n,o] = b[o] + sum_i w[o,i] x[n,i].

    shapes: x [N, I], w [O, I], b [O] or None -> y [N, O]
    """
    u = np.einsum("ni,oi->no", x, w)
    if b is not None:
        u += b
    y[...] = np.where(u > 0, u, slope * u)


@bound
def data_gradient(dy, w, dx, gate=None, slope=1.0):
    """Send each error back along the weights it came by: dx[n,i] = sum_o w[o,i] dy[n,o].

    shapes: dy [N, O], w [O, I], gate as dx or None -> dx [N, I]
    """
    dx[...] = np.einsum("no,oi->ni", dy, w)
    if gate is not None:
        dx *= np.where(gate > 0, 1.0, slope)


@bound
def weight_gradient(x, dy, dw, db, samples=None):
    """Sum error times input over the batch: dw[o,i] = sum_n dy[n,o] x[n,i], db[o] = sum_n dy[n,o].

    shapes: x [N, I], dy [N, O] -> dw [O, I], db [O] or None; only the first `samples` of N count, all if None
    """
    x, dy = x[:samples], dy[:samples]
    dw[...] = np.einsum("no,ni->oi", dy, x)
    if db is not None:
        db[...] = dy.sum(axis=0)
