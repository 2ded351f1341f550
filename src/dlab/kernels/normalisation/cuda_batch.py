"""Batch normalisation on the GPU: a warp adds up some pixels of a channel over all samples."""

import math

import numpy as np

from dlab.kernels.gpu import WARP, Launch, factory
from dlab.kernels.gpu.fields import ROWS, U, joined, place, steps_of, threads
from dlab.kernels.gpu.language import cuda, over_warp
from dlab.kernels.memory import workspace
from dlab.kernels.normalisation.cuda_scores import rectified
from dlab.layout import volume

LONG = 32  # vectors of 32 samples that a warp adds up
ZERO, ONE = np.float32(0), np.float32(1)


def _length(x) -> int:
    """Pixels in a part of a channel."""
    return max(1, LONG * WARP // x.shape[4])


def _parts(x):
    """(C, parts of each channel)."""
    return x.shape[1], -(-x.shape[2] * x.shape[3] // _length(x))


@factory
def _part_statistics(channels, parts, length, pixels, warps, size, steps):
    """Mean of each part of a channel, and the sum of squares about it."""

    @cuda.jit
    def part_statistics(x, means, squares, samples):
        number, first_lane = cuda.blockIdx.x * ROWS + cuda.threadIdx.y, cuda.threadIdx.x
        part = min(number, channels * parts - 1)
        first = part // parts * pixels + part % parts * length
        last = min(first + length, (part // parts + 1) * pixels)
        count = np.float32(samples * (last - first))
        whole = ZERO
        for pixel in range(first, last):
            for warp in range(warps):
                lane = warp * 32 + first_lane
                value = x[place(pixel, size, steps, lane)]
                whole += value if lane < samples else ZERO
        whole = over_warp(whole)
        near, missed, about = whole / count, ZERO, ZERO
        for pixel in range(first, last):
            for warp in range(warps):
                lane = warp * 32 + first_lane
                apart = x[place(pixel, size, steps, lane)] - near
                apart = apart if lane < samples else ZERO
                missed += apart
                about += apart * apart
        missed = over_warp(missed)
        about = over_warp(about)
        if first_lane == 0 and number == part:
            means[part] = near + missed / count
            squares[part] = about - missed * (missed / count)

    return part_statistics


@factory
def _moments(channels, parts, length, pixels):
    """Mean and 1 / sqrt(variance + eps) of each channel from those of its parts, and the running statistics."""

    @cuda.jit
    def moments(part_means, squares, means, rates, run_mean, run_variance, samples, share, eps):
        number, thread = cuda.blockIdx.x * ROWS + cuda.threadIdx.y, cuda.threadIdx.x
        c = min(number, channels - 1)
        near, shift, variance = part_means[c * parts], ZERO, ZERO
        for part in range(thread, parts, 32):
            weight = np.float32(min(length, pixels - part * length)) / np.float32(pixels)
            shift += (part_means[c * parts + part] - near) * weight
        shift = over_warp(shift)
        mean, numbers = near + shift, np.float32(samples) * np.float32(pixels)
        for part in range(thread, parts, 32):
            weight = np.float32(min(length, pixels - part * length)) / np.float32(pixels)
            apart = part_means[c * parts + part] - mean
            variance += squares[c * parts + part] / numbers + apart * apart * weight
        variance = over_warp(variance)
        if thread == 0 and number == c:
            means[c], rates[c] = mean, ONE / math.sqrt(variance + eps)
            run_mean[c] += share * (mean - run_mean[c])
            run_variance[c] += share * (variance - run_variance[c])

    return moments


def statistics(x, moments, running, share, eps, samples) -> list[Launch]:
    """(mean, 1 / sqrt(variance + eps)) of each channel; running += share (batch - running)."""
    (C, parts), length, pixels = _parts(x), _length(x), x.shape[2] * x.shape[3]
    partial = workspace((C, parts), (C, parts))
    each = _part_statistics(C, parts, length, pixels, x.shape[4] // WARP, *joined(x.shape[1:4], *steps_of(x)))
    together, numbers = _moments(C, parts, length, pixels), (np.int32(samples), np.float32(share), np.float32(eps))
    return [
        Launch(each, *threads(C * parts, WARP), x, *partial, np.int32(samples)),
        Launch(together, *threads(C, WARP), *partial, *moments, *running, *numbers),
    ]


@factory
def _transform(inferring, count, pixels, size, x_steps, y_steps):
    """y = rectify(gamma xh + beta); the rates are variances where statistics of other batches are used."""

    @cuda.jit
    def transform(x, gamma, beta, y, means, rates, eps, slope, samples):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            c = U(number) // U(pixels)
            rate = ONE / math.sqrt(rates[c] + eps) if inferring else rates[c]
            u = gamma[c] * ((x[place(number, size, x_steps, lane)] - means[c]) * rate) + beta[c]
            y[place(number, size, y_steps, lane)] = rectified(u, u, slope) if lane < samples else ZERO

    return transform


def transform(inferring, x, gamma, beta, y, moments, eps, slope, samples) -> Launch:
    """y from x and the statistics."""
    count, pixels = volume(x.shape[1:4]), x.shape[2] * x.shape[3]
    kernel = _transform(inferring, count, pixels, *joined(x.shape[1:4], *steps_of(x, y)))
    numbers = np.float32(eps), np.float32(slope), np.int32(samples)
    return Launch(kernel, *threads(count, x.shape[4]), x, gamma, beta, y, *moments, *numbers)


@factory
def _part_sums(channels, parts, length, pixels, warps, size, x_steps, dy_steps):
    """Sums of du and of du xh over each part of a channel."""

    @cuda.jit
    def part_sums(x, dy, gamma, beta, means, rates, errors, products, slope, samples):
        number, first_lane = cuda.blockIdx.x * ROWS + cuda.threadIdx.y, cuda.threadIdx.x
        part = min(number, channels * parts - 1)
        c = part // parts
        first = c * pixels + part % parts * length
        last = min(first + length, (c + 1) * pixels)
        mean, rate, scale, shift = means[c], rates[c], gamma[c], beta[c]
        error, product = ZERO, ZERO
        for pixel in range(first, last):
            for warp in range(warps):
                lane = warp * 32 + first_lane
                xh = (x[place(pixel, size, x_steps, lane)] - mean) * rate
                du = rectified(dy[place(pixel, size, dy_steps, lane)], scale * xh + shift, slope)
                error += du if lane < samples else ZERO
                product += du * xh if lane < samples else ZERO
        error = over_warp(error)
        product = over_warp(product)
        if first_lane == 0 and number == part:
            errors[part], products[part] = error, product

    return part_sums


@factory
def _sums(channels, parts):
    """Sums over all parts of each channel."""

    @cuda.jit
    def sums(errors, products, dgamma, dbeta):
        number, thread = cuda.blockIdx.x * ROWS + cuda.threadIdx.y, cuda.threadIdx.x
        c = min(number, channels - 1)
        error, product = ZERO, ZERO
        for part in range(thread, parts, 32):
            error += errors[c * parts + part]
            product += products[c * parts + part]
        error = over_warp(error)
        product = over_warp(product)
        if thread == 0 and number == c:
            dbeta[c], dgamma[c] = error, product

    return sums


def sums(given, dgamma, dbeta, slope, samples) -> list[Launch]:
    """dgamma = sum of du xh, dbeta = sum of du; given: x, dy, gamma, beta, means, rates."""
    x, dy, *_ = given
    (C, parts), length, pixels = _parts(x), _length(x), x.shape[2] * x.shape[3]
    partial = workspace((C, parts), (C, parts))
    each = _part_sums(C, parts, length, pixels, x.shape[4] // WARP, *joined(x.shape[1:4], *steps_of(x, dy)))
    return [
        Launch(each, *threads(C * parts, WARP), *given, *partial, np.float32(slope), np.int32(samples)),
        Launch(_sums(C, parts), *threads(C, WARP), *partial, dgamma, dbeta),
    ]


@factory
def _data_gradient(count, pixels, size, x_steps, dy_steps, dx_steps):
    """dx = gamma r (du - mean of du - xh mean of du xh)."""

    @cuda.jit
    def data_gradient(x, dy, gamma, beta, means, rates, dgamma, dbeta, dx, share, slope, samples):
        number = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
        lane = cuda.blockIdx.y * 32 + cuda.threadIdx.x
        if number < count:
            c = U(number) // U(pixels)
            xh = (x[place(number, size, x_steps, lane)] - means[c]) * rates[c]
            du = rectified(dy[place(number, size, dy_steps, lane)], gamma[c] * xh + beta[c], slope)
            rest = du - dbeta[c] * share - xh * (dgamma[c] * share)
            dx[place(number, size, dx_steps, lane)] = gamma[c] * rates[c] * rest if lane < samples else ZERO

    return data_gradient


def data_gradient(given, dgamma, dbeta, dx, slope, samples) -> Launch:
    """dx from the sums."""
    x, dy, *_ = given
    count, pixels = volume(x.shape[1:4]), x.shape[2] * x.shape[3]
    kernel = _data_gradient(count, pixels, *joined(x.shape[1:4], *steps_of(x, dy, dx)))
    numbers = np.float32(1 / (samples * pixels)), np.float32(slope), np.int32(samples)
    return Launch(kernel, *threads(count, x.shape[4]), *given, dgamma, dbeta, dx, *numbers)
