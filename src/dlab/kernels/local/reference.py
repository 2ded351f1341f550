"""Local filters as the page states them."""

import numpy as np

from dlab.kernels.reference import bound, interior, padded, windows


@bound
def forward(x, w, b, y, stride=1, slope=1.0):
    """Filter each window with its own weights, and rectify: u = b + sum_cpq w[i,j,c,p,q,k] x[n,c,iS+p,jS+q].

    shapes: x [N, C, H, W] with its padding, w [OH, OW, C, FH, FW, K], b [OH, OW, K] or None -> y [N, K, OH, OW]
    """
    u = np.einsum("ncijpq,ijcpqk->nkij", windows(x, w.shape[3:5], stride), w)
    if b is not None:
        u += b.transpose(2, 0, 1)
    y[...] = np.where(u > 0, u, slope * u)


@bound
def data_gradient(dy, w, dx, stride=1, pad=0, gate=None, slope=1.0):
    """Send each error back along the weights it came by: dx[n,c,iS+p-P,jS+q-P] += w[i,j,c,p,q,k] dy[n,k,i,j].

    shapes: dy [N, K, OH, OW], w [OH, OW, C, FH, FW, K], gate as dx or None -> dx [N, C, H, W]
    """
    wide = padded(np.zeros_like(dx), pad)
    seen = windows(wide, w.shape[3:5], stride)
    for p, q in np.ndindex(w.shape[3:5]):
        seen[..., p, q] += np.einsum("nkij,ijck->ncij", dy, w[:, :, :, p, q])
    dx[...] = interior(wide, pad)
    if gate is not None:
        dx *= np.where(gate > 0, 1.0, slope)


@bound
def weight_gradient(x, dy, dw, db, stride=1, samples=None):
    """Sum error times what the filter saw over samples: dw[i,j,c,p,q,k] = sum_n dy[n,k,i,j] x[n,c,iS+p,jS+q].

    shapes: x [N, C, H, W] with its padding, dy [N, K, OH, OW] -> dw [OH, OW, C, FH, FW, K], db [OH, OW, K] or None;
            only the first `samples` of N count, all if None
    """
    x, dy = x[:samples], dy[:samples]
    dw[...] = np.einsum("ncijpq,nkij->ijcpqk", windows(x, dw.shape[3:5], stride), dy)
    if db is not None:
        db[...] = dy.sum(axis=0).transpose(1, 2, 0)
