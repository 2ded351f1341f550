"""Local response normalisation as the page states it."""

import numpy as np

from dlab.kernels.reference import bound


def _near(x, n):
    """Sum over the near channels: near[c] = sum of x[d], |d - c| <= n / 2; shapes: x [N, C, H, W] -> as x."""
    half = n // 2
    wide = np.pad(x, ((0, 0), (half, half), (0, 0), (0, 0)))
    return sum(wide[:, d : d + x.shape[1]] for d in range(2 * half + 1))


@bound
def forward(x, y, n, k, alpha, beta):
    """Divide by the strength of the near channels: y = x / (k + alpha sum_d x_d^2)^beta.

    shapes: x [N, C, H, W] -> y as x
    """
    y[...] = x / (k + alpha * _near(x**2, n)) ** beta


@bound
def backward(x, dy, dx, n, k, alpha, beta):
    """Through the strength too: dx = dy s^-beta - 2 alpha beta x sum_d dy_d y_d / s_d.

    shapes: x, dy [N, C, H, W] -> dx as x
    """
    s = k + alpha * _near(x**2, n)
    dx[...] = dy * s**-beta - 2 * alpha * beta * x * _near(dy * x * s ** -(beta + 1), n)
