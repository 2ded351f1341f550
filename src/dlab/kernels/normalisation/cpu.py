"""Normalisation on lane blocks: one task per channel of a batch, one per block of sixteen samples of a layer.

A task's numbers lie in the second-level cache after its first sum, so its later passes cost little.  Sums run over
lanes of float32; the few numbers that come of them are worked out in float64.  The kernels are in `cpu_batch` and
`cpu_layer`.
"""

from collections.abc import Callable

from dlab.kernels.calls import Bound, Calls
from dlab.kernels.memory import as_images
from dlab.kernels.normalisation import cpu_batch, cpu_layer
from dlab.kernels.workers import alone

Call = Callable[[], object]
SMALL = 32768  # numbers; so few are done before a second thread has woken


def _fit(run, x):
    """The kernel on as many threads as pay for x."""
    return run if x.size > SMALL else alone(run)


def _per_number(x, *arrays):
    """Arrays of one sample's shape, with the axes of x as images."""
    return [array.reshape(x.shape[1:4]) for array in arrays]


def batch_forward(x, gamma, beta, y, moments, running, momentum, eps, slope=1.0, samples=None) -> Call:
    """Normalise each channel over the batch, and keep running statistics."""
    x, y = as_images(x), as_images(y)
    run, count, share = _fit(cpu_batch.forward(), x), x.shape[0] * 16 if samples is None else samples, 1 - momentum
    return Bound(run, x, gamma, beta, y, *moments, *running, share, eps, slope, count)


def batch_inference(x, gamma, beta, y, running, eps, slope=1.0) -> Call:
    """Normalise each channel with the running statistics."""
    x, y = as_images(x), as_images(y)
    run = _fit(cpu_batch.inference(), x)
    return Bound(run, x, gamma, beta, y, *running, eps, slope)


def batch_backward(x, dy, gamma, beta, moments, dx, dgamma, dbeta, slope=1.0, samples=None) -> Call:
    """dx, dgamma and dbeta of a batch normalisation."""
    x, dy, dx = as_images(x), as_images(dy), as_images(dx)
    run, count = _fit(cpu_batch.backward(), x), x.shape[0] * 16 if samples is None else samples
    return Bound(run, x, dy, gamma, beta, *moments, dx, dgamma, dbeta, slope, count)


def layer_forward(x, gamma, beta, y, moments, eps, slope=1.0) -> Call:
    """Normalise each sample over its own numbers."""
    x, y = as_images(x), as_images(y)
    run, (gamma, beta) = _fit(cpu_layer.forward(), x), _per_number(x, gamma, beta)
    return Bound(run, x, gamma, beta, y, *moments, eps, slope)


def layer_backward(x, dy, gamma, beta, moments, dx, dgamma, dbeta, slope=1.0) -> Call:
    """dx, dgamma and dbeta of a layer normalisation."""
    x, dy, dx = as_images(x), as_images(dy), as_images(dx)
    to_data, to_parameters = _fit(cpu_layer.backward(), x), _fit(cpu_layer.parameters(), x)
    given, gradients = (x, dy, *_per_number(x, gamma, beta), *moments), _per_number(x, dgamma, dbeta)

    return Calls(Bound(to_data, *given, dx, slope), Bound(to_parameters, *given, *gradients, slope))
