"""The losses as the page states them."""

import numpy as np

from dlab.kernels.reference import bound


@bound
def softmax_cross_entropy(u, labels, du, total):
    """Compare the softmax of u with the true class: E = -ln p[t], du = (p - onehot) / N.

    shapes: u [N', K], labels [N], N <= N' -> du as u or None, total [2]
    """
    n = len(labels)
    shifted = u[:n] - u[:n].max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    onehot = np.arange(u.shape[1]) == labels[:, None]
    total[0] -= log_p[onehot].sum()
    total[1] += np.count_nonzero(u[:n].argmax(axis=1) == labels)
    if du is not None:
        du[:n] = (np.exp(log_p) - onehot) / n
        du[n:] = 0.0


@bound
def squared_error(y, targets, dy, total):
    """Compare y with the wanted output: E = 1/2 sum_k (y - t)^2, dy = (y - t) / N.

    shapes: y [N', K], targets [N, K], N <= N' -> dy as y or None, total [2]
    """
    n = len(targets)
    error = y[:n] - targets
    total[0] += 0.5 * (error * error).sum()
    total[1] += np.count_nonzero((np.abs(error) < 0.5).all(axis=1))
    if dy is not None:
        dy[:n] = error / n
        dy[n:] = 0.0
