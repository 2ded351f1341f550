"""The losses on a GPU: u [1, K, N], all in one block, for a batch's outputs are few.

Threads are lanes by rows: a thread does every rows-th output of its sample.  What the threads of a sample have found
they lay out in shared memory, where each of them adds it up in order.  More than 256 samples are done in turns.  Sums
are float32, of one batch at a time.
"""

import math
from collections.abc import Callable

import numpy as np

from dlab.kernels.gpu import Launch, factory, strides
from dlab.kernels.gpu.language import cuda, over_warp

Call = Callable[[], object]
U = np.uint32
THREADS = 256
HALF, ONE, ZERO = np.float32(0.5), np.float32(1), np.float32(0)
LOWEST = np.float32(-np.inf)


def _block(outputs, lanes):
    """Lanes and rows of the block."""
    wide = min(lanes, THREADS)
    rows = 1
    while 2 * rows <= min(outputs, THREADS // wide):
        rows *= 2
    return wide, rows


@cuda.jit(device=True)
def _sum(parts, first, step):
    """Every step-th number from `first` on, added in order."""
    whole = ZERO
    for i in range(first, parts.size, step):
        whole += parts[i]
    return whole


@cuda.jit(device=True)
def _largest(u, n, step, row, outputs, rows):
    """(largest u[k], its k, the first of equal ones) of sample n, over every rows-th k from `row` on."""
    top, place = LOWEST, outputs
    for k in range(row, outputs, rows):
        if u[k * step + n] > top:
            top, place = u[k * step + n], k
    return top, place


@cuda.jit(device=True)
def _largest_of(tops, places, at, wide, top, place):
    """The same over what all threads of a sample have found."""
    for i in range(at, tops.size, wide):
        if tops[i] > top or (tops[i] == top and places[i] < place):
            top, place = tops[i], places[i]
    return top, place


@cuda.jit(device=True)
def _powers(u, n, step, row, outputs, rows, top):
    """The sum of exp(u[k] - top) over every rows-th k from `row` on."""
    whole = ZERO
    for k in range(row, outputs, rows):
        whole += math.exp(u[k * step + n] - top)
    return whole


@cuda.jit(device=True)
def _add(total, loss, correct):
    """Two more numbers in the total."""
    total[0] += loss
    total[1] += correct


@cuda.jit(device=True)
def _differentiate(u, du, n, u_step, du_step, row, outputs, rows, top, whole, share, label):
    """du[k] = share (exp(u[k] - top) / whole - [k = label]), over every rows-th k from `row` on."""
    scale = share / whole if label >= 0 else ZERO
    for k in range(row, outputs, rows):
        value = math.exp(u[k * u_step + n] - top) * scale
        du[k * du_step + n] = value - share if k == label else value


@factory
def _softmax_cross_entropy(wide, rows, gradient):
    """total += (sum of losses, number correct); du = (softmax(u) - onehot) / N, zero in padding lanes."""
    threads = wide * rows

    @cuda.jit
    def softmax_cross_entropy(u, labels, du, total, samples, outputs, lanes, u_step, du_step):
        parts = cuda.shared.array(threads, np.float32)
        places = cuda.shared.array(threads, np.int32)
        hits = cuda.shared.array(threads, np.float32)
        at, row = U(cuda.threadIdx.x), U(cuda.threadIdx.y)
        loss, correct, share = ZERO, ZERO, ONE / np.float32(samples)
        for start in range(0, lanes, wide):
            here, n = start + at < samples, min(start + at, lanes - 1)
            top, place = _largest(u, n, u_step, row, outputs, rows)
            parts[row * wide + at], places[row * wide + at] = top, place
            cuda.syncthreads()
            top, place = _largest_of(parts, places, at, wide, top, place)
            cuda.syncthreads()
            parts[row * wide + at] = _powers(u, n, u_step, row, outputs, rows, top)
            cuda.syncthreads()
            whole = _sum(parts, at, wide)
            cuda.syncthreads()
            label = labels[n] if here else -1
            if here and row == 0:
                loss += math.log(whole) - (u[label * u_step + n] - top)
                correct += ONE if place == label else ZERO
            if gradient and start + at < lanes:
                _differentiate(u, du, n, u_step, du_step, row, outputs, rows, top, whole, share, label)
        parts[row * wide + at], hits[row * wide + at] = loss, correct
        cuda.syncthreads()
        loss = over_warp(_sum(parts, at % 32, 32))
        correct = over_warp(_sum(hits, at % 32, 32))
        if at == 0 and row == 0:
            _add(total, loss, correct)

    return softmax_cross_entropy


@factory
def _squared_error(wide, rows, gradient):
    """total += (sum of 1/2 |y - t|^2, number with all |y - t| < 1/2); dy = (y - t) / N, zero in padding lanes."""
    threads = wide * rows

    @cuda.jit
    def squared_error(y, targets, dy, total, samples, outputs, lanes, y_step, dy_step):
        parts = cuda.shared.array(threads, np.float32)
        hits = cuda.shared.array(threads, np.float32)
        at, row = U(cuda.threadIdx.x), U(cuda.threadIdx.y)
        loss, correct, share = ZERO, ZERO, ONE / np.float32(samples)
        for start in range(0, lanes, wide):
            here, n, misses = start + at < samples, start + at, ZERO
            for k in range(row, outputs, rows):
                error = y[k * y_step + n] - targets[n * outputs + k] if here else ZERO
                loss += HALF * error * error
                misses += ZERO if abs(error) < HALF else ONE
                if gradient and n < lanes:
                    dy[k * dy_step + n] = error * share
            parts[row * wide + at] = misses
            cuda.syncthreads()
            if here and row == 0 and _sum(parts, at, wide) == ZERO:
                correct += ONE
            cuda.syncthreads()
        parts[row * wide + at], hits[row * wide + at] = loss, correct
        cuda.syncthreads()
        loss = over_warp(_sum(parts, at % 32, 32))
        correct = over_warp(_sum(hits, at % 32, 32))
        if at == 0 and row == 0:
            _add(total, loss, correct)

    return squared_error


def softmax_cross_entropy(u, labels, du, total) -> Call:
    """Loss, accuracy and, unless `du` is None, gradient of softmax and cross entropy."""
    return _launch(_softmax_cross_entropy, u, labels, du, total)


def squared_error(y, targets, dy, total) -> Call:
    """Loss, accuracy and, unless `dy` is None, gradient of the squared error."""
    return _launch(_squared_error, y, targets, dy, total)


def _launch(make, u, truth, du, total) -> Launch:
    """One block for the whole batch."""
    (_, outputs, lanes), out = u.shape, u if du is None else du
    block = _block(outputs, lanes)
    sizes = map(U, (len(truth), outputs, lanes, strides(u)[1], strides(out)[1]))
    return Launch(make(*block, du is not None), (1,), block, u, truth, out, total, *sizes)
