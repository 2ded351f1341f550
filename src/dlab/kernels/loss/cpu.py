"""The losses on lane blocks: u [B, K, 16], one pass on one thread, for a batch's outputs are few."""

from collections.abc import Callable

import numpy as np
from numba import types

from dlab.kernels.calls import Bound
from dlab.kernels.exponential import exp
from dlab.kernels.jit import array, factory, floats, kernel
from dlab.kernels.lanes import add, load, store, subtract
from dlab.kernels.tasks import tasks
from dlab.kernels.workers import alone

Call = Callable[[], object]
TOTAL = array(types.float64, 1)
LANED = types.Array(types.float32, 3, "C")


@factory
def _softmax_cross_entropy():
    """total += (sum of losses, number correct); du = (softmax(u) - onehot) / N, zero in padding lanes."""

    @kernel(LANED, array(types.int32, 1), LANED, TOTAL, types.boolean, writes="du total")
    def softmax_cross_entropy(worker, u, labels, du, total, gradient):
        for _ in tasks(worker, 1):
            K, samples = u.shape[1], labels.size
            share = np.float32(1) / np.float32(samples)
            top, whole, place = np.empty(16, np.float32), np.empty(16, np.float32), np.empty(16, np.int32)
            for n in range(u.shape[0]):
                for lane in range(16):
                    top[lane], whole[lane], place[lane] = u[n, 0, lane], 0, 0
                for k in range(1, K):
                    for lane in range(16):
                        larger = u[n, k, lane] > top[lane]
                        top[lane] = u[n, k, lane] if larger else top[lane]
                        place[lane] = k if larger else place[lane]
                for k in range(K):
                    power = exp(subtract(load(u, (n, k)), load(top, (0,))))
                    store(whole, (0,), add(load(whole, (0,)), power))
                    if gradient:
                        store(du, (n, k), power)
                for lane in range(min(16, samples - n * 16)):
                    label = labels[n * 16 + lane]
                    total[0] += np.log(np.float64(whole[lane])) - np.float64(u[n, label, lane] - top[lane])
                    total[1] += place[lane] == label
                if gradient:
                    for lane in range(16):
                        whole[lane] = share / whole[lane] if n * 16 + lane < samples else np.float32(0)
                    for k in range(K):
                        for lane in range(16):
                            du[n, k, lane] *= whole[lane]
                    for lane in range(min(16, samples - n * 16)):
                        du[n, labels[n * 16 + lane], lane] -= share

    return softmax_cross_entropy


@factory
def _squared_error():
    """total += (sum of 1/2 |y - t|^2, number with all |y - t| < 1/2); dy = (y - t) / N, zero in padding lanes."""

    @kernel(floats(3), floats(2), floats(3), TOTAL, types.boolean, writes="dy total")
    def squared_error(worker, y, targets, dy, total, gradient):
        for _ in tasks(worker, 1):
            K, samples = y.shape[1], targets.shape[0]
            share = np.float32(1) / np.float32(samples)
            for n in range(y.shape[0]):
                for lane in range(16):
                    sample, correct = n * 16 + lane, True
                    for k in range(K):
                        error = np.float32(0)
                        if sample < samples:
                            error = y[n, k, lane] - targets[sample, k]
                            total[0] += 0.5 * np.float64(error) * np.float64(error)
                            correct &= abs(error) < np.float32(0.5)
                        if gradient:
                            dy[n, k, lane] = error * share
                    total[1] += correct and sample < samples

    return squared_error


def softmax_cross_entropy(u, labels, du, total) -> Call:
    """Loss, accuracy and, unless `du` is None, gradient of softmax and cross entropy."""
    run = alone(_softmax_cross_entropy())
    return Bound(run, u, labels, u if du is None else du, total, du is not None)


def squared_error(y, targets, dy, total) -> Call:
    """Loss, accuracy and, unless `dy` is None, gradient of the squared error."""
    run = alone(_squared_error())
    return Bound(run, y, targets, y if dy is None else dy, total, dy is not None)
