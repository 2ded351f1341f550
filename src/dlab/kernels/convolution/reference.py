"""Convolution as the page states it."""

import numpy as np

from dlab.kernels.pooling import reference as pooling
from dlab.kernels.reference import bound, interior, padded, windows


@bound
def forward(x, w, b, y, stride=1, slope=1.0, code=None):
    """Filter the images, given `code` take 2x2 maxima, and rectify: u = b + sum_cpq w[k,c,p,q] x[n,c,iS+p,jS+q].

    shapes: x [N, C, H, W] with its padding, w [K, C, FH, FW], b [K] or None -> y [N, K, OH, OW];
            with code: y and code (uint8) [N, K, OH // 2, OW // 2]
    """
    u = np.einsum("ncijpq,kcpq->nkij", windows(x, w.shape[2:], stride), w)
    if b is not None:
        u += b[:, None, None]
    if code is not None:
        pooling.max_forward(u, y, code, window=(2, 2), stride=(2, 2), pad=0)()
        u = y
    y[...] = np.where(u > 0, u, slope * u)


@bound
def data_gradient(dy, w, dx, stride=1, pad=0, margin=0, gate=None, slope=1.0):
    """Send each error back along the weights it came by: dx[n,c,iS+p-P,jS+q-P] += w[k,c,p,q] dy[n,k,i,j].

    shapes: dy [N, K, OH + 2 margin, OW + 2 margin], w [K, C, FH, FW], gate as dx or None -> dx [N, C, H, W]
    """
    wide = padded(np.zeros_like(dx), pad)
    seen = windows(wide, w.shape[2:], stride)
    for p, q in np.ndindex(w.shape[2:]):
        seen[..., p, q] += np.einsum("nkij,kc->ncij", interior(dy, margin), w[:, :, p, q])
    dx[...] = interior(wide, pad)
    if gate is not None:
        dx *= np.where(gate > 0, 1.0, slope)


@bound
def weight_gradient(x, dy, dw, db, stride=1, samples=None):
    """Sum error times what the filter saw: dw[k,c,p,q] = sum_nij dy[n,k,i,j] x[n,c,iS+p,jS+q], db[k] = sum_nij dy.

    shapes: x [N, C, H, W] with its padding, dy [N, K, OH, OW] -> dw [K, C, FH, FW], db [K] or None;
            only the first `samples` of N count, all if None
    """
    x, dy = x[:samples], dy[:samples]
    dw[...] = np.einsum("ncijpq,nkij->kcpq", windows(x, dw.shape[2:], stride), dy)
    if db is not None:
        db[...] = dy.sum(axis=(0, 2, 3))


@bound
def pooled_weight_gradient(x, dy, y, code, dw, db, stride=1, slope=1.0, samples=None, spread=None):
    """The weight gradient from the error of the fused 2x2 maxima: weight_gradient(x, unpool(dy, y, code)).

    shapes: x [N, C, H, W] with its padding, dy, y and code [N, K, OH // 2, OW // 2] -> dw [K, C, FH, FW], db [K]
    """
    if spread is None:
        spread = np.empty((*dy.shape[:2], *windows(x, dw.shape[2:], stride).shape[2:4]))
        pooling.unpool(dy, y, code, spread, slope)()
    weight_gradient(x, spread, dw, db, stride, samples)()
