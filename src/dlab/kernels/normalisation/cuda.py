"""Normalisation on the GPU: sums of parts, the few numbers that come of them, then every number by itself.

A part is what one warp, or one thread, adds up; a second launch takes the parts together in their order.  The variance
is made of squares about the mean of each part and of the squares of these means about the mean of all, so that no
digits cancel.  The kernels are in `cuda_batch` and `cuda_layer`.
"""

from collections.abc import Callable

from dlab.kernels.gpu import Launches
from dlab.kernels.memory import as_images
from dlab.kernels.normalisation import cuda_batch, cuda_layer

Call = Callable[[], object]


def batch_forward(x, gamma, beta, y, moments, running, momentum, eps, slope=1.0, samples=None) -> Call:
    """Normalise each channel over the batch, and keep running statistics."""
    x, y, count = as_images(x), as_images(y), x.shape[-1] if samples is None else samples
    statistics = cuda_batch.statistics(x, moments, running, 1 - momentum, eps, count)
    return Launches(*statistics, cuda_batch.transform(False, x, gamma, beta, y, moments, eps, slope, count))


def batch_inference(x, gamma, beta, y, running, eps, slope=1.0) -> Call:
    """Normalise each channel with the running statistics."""
    return cuda_batch.transform(True, as_images(x), gamma, beta, as_images(y), running, eps, slope, x.shape[-1])


def batch_backward(x, dy, gamma, beta, moments, dx, dgamma, dbeta, slope=1.0, samples=None) -> Call:
    """dx, dgamma and dbeta of a batch normalisation."""
    count = x.shape[-1] if samples is None else samples
    given = as_images(x), as_images(dy), gamma, beta, *moments
    sums = cuda_batch.sums(given, dgamma, dbeta, slope, count)
    return Launches(*sums, cuda_batch.data_gradient(given, dgamma, dbeta, as_images(dx), slope, count))


def layer_forward(x, gamma, beta, y, moments, eps, slope=1.0) -> Call:
    """Normalise each sample over its own numbers."""
    x, y = as_images(x), as_images(y)
    return Launches(*cuda_layer.statistics(x, moments, eps), cuda_layer.transform(x, gamma, beta, y, moments, slope))


def layer_backward(x, dy, gamma, beta, moments, dx, dgamma, dbeta, slope=1.0) -> Call:
    """dx, dgamma and dbeta of a layer normalisation."""
    given = as_images(x), as_images(dy), gamma, beta, *moments
    to_data = cuda_layer.data_gradient(given, as_images(dx), slope)
    return Launches(*to_data, cuda_layer.parameter_gradients(given, dgamma, dbeta, slope))
