"""Pooling as the page states it."""

from math import prod

import numpy as np

from dlab.kernels.reference import bound, interior, padded, windows


@bound
def max_forward(x, y, code, window, stride, pad):
    """Keep the largest value of each window and where it was: y = max_pq x[iS+p-P,jT+q-P], code = p L + q.

    shapes: x [N, C, H, W] -> y, code [N, C, OH, OW]
    """
    seen = _windows(padded(x, pad, -np.inf), window, stride)
    seen = seen.reshape(*seen.shape[:4], -1)
    code[...] = seen.argmax(axis=-1)
    y[...] = seen.max(axis=-1)


@bound
def max_backward(dy, code, dx, window, stride, pad):
    """Give each window's error to its maximum: dx[iS+p-P,jT+q-P] += dy[i,j] where code[i,j] = p L + q.

    shapes: dy, code [N, C, OH, OW] -> dx [N, C, H, W]
    """
    _spread(dx, window, stride, pad, lambda p, q: np.where(code == p * window[1] + q, dy, 0.0))


@bound
def average_forward(x, y, window, stride, pad):
    """Take the mean of each window: y = 1/(M L) sum_pq x[iS+p-P,jT+q-P].

    shapes: x [N, C, H, W] -> y [N, C, OH, OW]
    """
    y[...] = _windows(padded(x, pad), window, stride).sum(axis=(4, 5)) / prod(window)


@bound
def average_backward(dy, dx, window, stride, pad):
    """Spread each window's error evenly: dx[iS+p-P,jT+q-P] += dy[i,j] / (M L) for all p, q.

    shapes: dy [N, C, OH, OW] -> dx [N, C, H, W]
    """
    _spread(dx, window, stride, pad, lambda p, q: dy / prod(window))


@bound
def l2_forward(x, y, window, stride, pad):
    """Take the length of each window: y = sqrt(sum_pq x[iS+p-P,jT+q-P]^2).

    shapes: x [N, C, H, W] -> y [N, C, OH, OW]
    """
    y[...] = np.sqrt((_windows(padded(x, pad), window, stride) ** 2).sum(axis=(4, 5)))


@bound
def l2_backward(dy, x, y, dx, window, stride, pad):
    """Share each window's error in proportion to its pixels: dx[iS+p-P,jT+q-P] += dy[i,j] x / y[i,j], 0 where y = 0.

    shapes: dy, y [N, C, OH, OW], x [N, C, H, W] -> dx [N, C, H, W]
    """
    ratio = np.divide(dy, y, out=np.zeros_like(dy), where=y > 0)
    _spread(dx, window, stride, pad, lambda p, q: ratio)
    dx *= x


@bound
def unpool(dy, y, code, du, slope):
    """Undo a fused 2x2 maximum and rectifier: du[2i+di,2j+dj] = dy (1 if y > 0 else slope) where code = 2 di + dj.

    shapes: dy, y, code [N, C, H // 2, W // 2] -> du [N, C, H, W]
    """
    max_backward(np.where(y > 0, dy, slope * dy), code, du, window=(2, 2), stride=(2, 2), pad=0)()


def _windows(x, window, stride):
    """Every window as a view: seen[n,c,i,j,p,q] = x[n, c, i S + p, j T + q]; shapes: -> [N, C, OH, OW, M, L]."""
    return windows(x, window, 1)[:, :, :: stride[0], :: stride[1]]


def _spread(dx, window, stride, pad, part):
    """Add up what each pixel gets from the windows that hold it: dx[iS+p-P,jT+q-P] += part(p, q)[i,j].

    shapes: part(p, q) [N, C, OH, OW] -> dx [N, C, H, W]
    """
    wide = padded(np.zeros_like(dx), pad)
    seen = _windows(wide, window, stride)
    for p, q in np.ndindex(*window):
        seen[..., p, q] += part(p, q)
    dx[...] = interior(wide, pad)
