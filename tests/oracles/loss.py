"""Losses: (sum over the samples, number correct, gradient of the mean)."""

import math

import numpy as np


def softmax_cross_entropy(u, labels):
    loss, correct, du = 0.0, 0, np.zeros(u.shape)
    for n, label in enumerate(labels):
        powers = [math.exp(value) for value in u[n]]
        loss -= math.log(powers[label] / sum(powers))
        correct += list(u[n]).index(max(u[n])) == label
        for k, power in enumerate(powers):
            du[n, k] = (power / sum(powers) - (k == label)) / len(labels)
    return loss, correct, du


def squared_error(y, targets):
    loss, correct, dy = 0.0, 0, np.zeros(y.shape)
    for n, target in enumerate(targets):
        close = True
        for k, wanted in enumerate(target):
            error = y[n, k] - wanted
            loss += error**2 / 2
            close = close and abs(error) < 0.5
            dy[n, k] = error / len(targets)
        correct += close
    return loss, correct, dy
