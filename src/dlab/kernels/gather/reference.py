"""Gathering a batch as the page states it."""

from dlab.kernels.reference import bound


@bound
def pack(data, rows, x, scale, shift):
    """Copy the chosen samples, scaled, and zero the rest: x[n] = data[rows[n]] scale + shift for n < len(rows).

    shapes: data [M, features], rows [N] -> x [N', ...] with `features` numbers per sample
    """
    n = len(rows)
    x[:n] = data[rows].reshape(n, *x.shape[1:]).astype(x.dtype) * scale + shift
    x[n:] = 0.0


@bound
def take(source, rows, out):
    """Copy the chosen labels: out[n] = source[rows[n]]; shapes: source [M, ...], rows [N] -> out [N, ...]."""
    out[...] = source[rows]
