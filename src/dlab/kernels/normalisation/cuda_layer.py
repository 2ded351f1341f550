"""Layer normalisation on the GPU: a thread adds up some numbers of one sample, thirty-two add up its parts."""

import math

import numpy as np

from dlab.kernels.gpu import WARP, Launch, factory
from dlab.kernels.gpu.fields import ROWS, joined, place, steps_of, threads
from dlab.kernels.gpu.language import cuda, over_warp
from dlab.kernels.memory import workspace
from dlab.kernels.normalisation.cuda_scores import rectified
from dlab.layout import volume

SHORT, MOST = 32, 1024  # the fewest numbers of a part, the most parts
TREE = 32, 32  # parts side by side, lanes
ZERO, ONE = np.float32(0), np.float32(1)


def _cut(x):
    """(numbers of a sample, numbers of a part, parts)."""
    count = volume(x.shape[1:4])
    length = max(SHORT, -(-count // MOST))
    return count, length, -(-count // length)


@factory
def _part_statistics(count, length, parts, lanes, size, steps):
    """Mean of each part of a sample, and the sum of squares about it."""

    @cuda.jit
    def part_statistics(x, means, squares):
        part = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if part < parts:
            first, last = part * length, min(count, (part + 1) * length)
            whole, missed, about, numbers = ZERO, ZERO, ZERO, np.float32(last - first)
            for number in range(first, last):
                whole += x[place(number, size, steps, lane)]
            near = whole / numbers
            for number in range(first, last):
                apart = x[place(number, size, steps, lane)] - near
                missed += apart
                about += apart * apart
            means[part * lanes + lane] = near + missed / numbers
            squares[part * lanes + lane] = about - missed * (missed / numbers)

    return part_statistics


@factory
def _moments(count, length, parts, lanes):
    """Mean and 1 / sqrt(variance + eps) of each sample from those of its parts."""

    @cuda.jit
    def moments(part_means, squares, means, rates, eps):
        tree = cuda.shared.array(TREE, np.float32)
        row, column = cuda.threadIdx.y, cuda.threadIdx.x
        lane = cuda.blockIdx.x * 32 + column
        near, shift, variance = part_means[lane], ZERO, ZERO
        for part in range(row, parts, 32):
            weight = np.float32(min(length, count - part * length)) / np.float32(count)
            shift += (part_means[part * lanes + lane] - near) * weight
        tree[row, column] = shift
        for level in range(5):
            cuda.syncthreads()
            if row < 16 >> level:
                tree[row, column] += tree[row + (16 >> level), column]
        cuda.syncthreads()
        mean = near + tree[0, column]
        for part in range(row, parts, 32):
            weight = np.float32(min(length, count - part * length)) / np.float32(count)
            apart = part_means[part * lanes + lane] - mean
            variance += squares[part * lanes + lane] / np.float32(count) + apart * apart * weight
        cuda.syncthreads()
        tree[row, column] = variance
        for level in range(5):
            cuda.syncthreads()
            if row < 16 >> level:
                tree[row, column] += tree[row + (16 >> level), column]
        if row == 0:
            means[lane], rates[lane] = mean, ONE / math.sqrt(tree[0, column] + eps)

    return moments


def statistics(x, moments, eps) -> list[Launch]:
    """(mean, 1 / sqrt(variance + eps)) of each sample."""
    (count, length, parts), lanes = _cut(x), x.shape[4]
    partial = workspace((parts, lanes), (parts, lanes))
    each = _part_statistics(count, length, parts, lanes, *joined(x.shape[1:4], *steps_of(x)))
    together = _moments(count, length, parts, lanes)
    return [
        Launch(each, *threads(parts, lanes), x, *partial),
        Launch(together, (lanes // WARP,), TREE, *partial, *moments, np.float32(eps)),
    ]


@factory
def _transform(count, size, x_steps, y_steps):
    """y = rectify(gamma xh + beta)."""

    @cuda.jit
    def transform(x, gamma, beta, y, means, rates, slope):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            xh = (x[place(number, size, x_steps, lane)] - means[lane]) * rates[lane]
            u = gamma[number] * xh + beta[number]
            y[place(number, size, y_steps, lane)] = rectified(u, u, slope)

    return transform


def transform(x, gamma, beta, y, moments, slope) -> Launch:
    """y from x and the statistics."""
    count = volume(x.shape[1:4])
    kernel = _transform(count, *joined(x.shape[1:4], *steps_of(x, y)))
    return Launch(kernel, *threads(count, x.shape[4]), x, gamma, beta, y, *moments, np.float32(slope))


@factory
def _part_sums(count, length, parts, lanes, size, x_steps, dy_steps):
    """Sums of g and of g xh over each part of a sample, g = gamma du."""

    @cuda.jit
    def part_sums(x, dy, gamma, beta, means, rates, errors, products, slope):
        part = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if part < parts:
            mean, rate, error, product = means[lane], rates[lane], ZERO, ZERO
            for number in range(part * length, min(count, (part + 1) * length)):
                xh, scale = (x[place(number, size, x_steps, lane)] - mean) * rate, gamma[number]
                du = rectified(dy[place(number, size, dy_steps, lane)], scale * xh + beta[number], slope)
                error += scale * du
                product += scale * du * xh
            errors[part * lanes + lane], products[part * lanes + lane] = error, product

    return part_sums


@factory
def _sums(count, parts, lanes):
    """Means over all numbers of each sample, from the sums of its parts."""

    @cuda.jit
    def sums(errors, products, levels, pulls):
        error_tree = cuda.shared.array(TREE, np.float32)
        product_tree = cuda.shared.array(TREE, np.float32)
        row, column = cuda.threadIdx.y, cuda.threadIdx.x
        lane = cuda.blockIdx.x * 32 + column
        error, product = ZERO, ZERO
        for part in range(row, parts, 32):
            error += errors[part * lanes + lane]
            product += products[part * lanes + lane]
        error_tree[row, column], product_tree[row, column] = error, product
        for level in range(5):
            cuda.syncthreads()
            if row < 16 >> level:
                error_tree[row, column] += error_tree[row + (16 >> level), column]
                product_tree[row, column] += product_tree[row + (16 >> level), column]
        if row == 0:
            levels[lane] = error_tree[0, column] / np.float32(count)
            pulls[lane] = product_tree[0, column] / np.float32(count)

    return sums


@factory
def _data_gradient(count, size, x_steps, dy_steps, dx_steps):
    """dx = r (g - mean of g - xh mean of g xh)."""

    @cuda.jit
    def data_gradient(x, dy, gamma, beta, means, rates, levels, pulls, dx, slope):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            xh = (x[place(number, size, x_steps, lane)] - means[lane]) * rates[lane]
            du = rectified(dy[place(number, size, dy_steps, lane)], gamma[number] * xh + beta[number], slope)
            rest = gamma[number] * du - levels[lane] - xh * pulls[lane]
            dx[place(number, size, dx_steps, lane)] = rates[lane] * rest

    return data_gradient


def data_gradient(given, dx, slope) -> list[Launch]:
    """dx, by way of the means of g and of g xh; given: x, dy, gamma, beta, means, rates."""
    x, dy, *_ = given
    (count, length, parts), lanes = _cut(x), x.shape[4]
    *partial, levels, pulls = workspace((parts, lanes), (parts, lanes), (lanes,), (lanes,))
    each = _part_sums(count, length, parts, lanes, *joined(x.shape[1:4], *steps_of(x, dy)))
    spread = _data_gradient(count, *joined(x.shape[1:4], *steps_of(x, dy, dx)))
    return [
        Launch(each, *threads(parts, lanes), *given, *partial, np.float32(slope)),
        Launch(_sums(count, parts, lanes), (lanes // WARP,), TREE, *partial, levels, pulls),
        Launch(spread, *threads(count, lanes), *given, levels, pulls, dx, np.float32(slope)),
    ]


@factory
def _parameter_gradients(count, warps, size, x_steps, dy_steps):
    """dgamma = sum of du xh, dbeta = sum of du over the samples: a warp for each number."""

    @cuda.jit
    def parameter_gradients(x, dy, gamma, beta, means, rates, dgamma, dbeta, slope):
        own, first_lane = cuda.blockIdx.x * ROWS + cuda.threadIdx.y, cuda.threadIdx.x
        number = min(own, count - 1)
        error, product = ZERO, ZERO
        for warp in range(warps):
            lane = warp * 32 + first_lane
            xh = (x[place(number, size, x_steps, lane)] - means[lane]) * rates[lane]
            du = rectified(dy[place(number, size, dy_steps, lane)], gamma[number] * xh + beta[number], slope)
            error += du
            product += du * xh
        error = over_warp(error)
        product = over_warp(product)
        if first_lane == 0 and number == own:
            dbeta[number], dgamma[number] = error, product

    return parameter_gradients


def parameter_gradients(given, dgamma, dbeta, slope) -> Launch:
    """dgamma and dbeta."""
    x, dy, *_ = given
    count = volume(x.shape[1:4])
    kernel = _parameter_gradients(count, x.shape[4] // WARP, *joined(x.shape[1:4], *steps_of(x, dy)))
    return Launch(kernel, *threads(count, WARP), *given, dgamma, dbeta, np.float32(slope))
