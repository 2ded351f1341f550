"""Pooling as the page states it."""

import numpy as np

from dlab.kernels.reference import bound, interior, padded, windows


@bound
def max_forward(x, y, code, kernel, stride, pad):
    """Keep the largest value of each window and where it was: y = max_pq x[iS+p-P,jS+q-P], code = p M + q.

    shapes: x [N, C, H, W] -> y, code [N, C, OH, OW]
    """
    seen = windows(padded(x, pad, -np.inf), (kernel, kernel), stride)
    seen = seen.reshape(*seen.shape[:4], kernel * kernel)
    code[...] = seen.argmax(axis=-1)
    y[...] = seen.max(axis=-1)


@bound
def max_backward(dy, code, dx, kernel, stride, pad):
    """Give each window's error to its maximum: dx[iS+p-P,jS+q-P] += dy[i,j] where code[i,j] = p M + q.

    shapes: dy, code [N, C, OH, OW] -> dx [N, C, H, W]
    """
    wide = padded(np.zeros_like(dx), pad)
    seen = windows(wide, (kernel, kernel), stride)
    for p, q in np.ndindex(kernel, kernel):
        seen[..., p, q] += np.where(code == p * kernel + q, dy, 0.0)
    dx[...] = interior(wide, pad)


@bound
def average_forward(x, y, kernel, stride, pad):
    """Take the mean of each window: y = 1/M^2 sum_pq x[iS+p-P,jS+q-P].

    shapes: x [N, C, H, W] -> y [N, C, OH, OW]
    """
    y[...] = windows(padded(x, pad), (kernel, kernel), stride).sum(axis=(4, 5)) / kernel**2


@bound
def average_backward(dy, dx, kernel, stride, pad):
    """Spread each window's error evenly: dx[iS+p-P,jS+q-P] += dy[i,j] / M^2 for all p, q.

    shapes: dy [N, C, OH, OW] -> dx [N, C, H, W]
    """
    wide = padded(np.zeros_like(dx), pad)
    seen = windows(wide, (kernel, kernel), stride)
    for p, q in np.ndindex(kernel, kernel):
        seen[..., p, q] += dy / kernel**2
    dx[...] = interior(wide, pad)


@bound
def unpool(dy, y, code, du, slope):
    """Undo a fused 2x2 maximum and rectifier: du[2i+di,2j+dj] = dy (1 if y > 0 else slope) where code = 2 di + dj.

    shapes: dy, y, code [N, C, H // 2, W // 2] -> du [N, C, H, W]
    """
    max_backward(np.where(y > 0, dy, slope * dy), code, du, kernel=2, stride=2, pad=0)()
