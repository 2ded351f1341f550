"""Optimizers for one parameter, from its first step on, as the papers print them."""

import math


def sgd(gradients, lr, w=0.0):
    for g in gradients:
        w -= lr * g
        yield w


def momentum(gradients, lr, mu, w=0.0):
    v = 0.0
    for g in gradients:
        v = mu * v - lr * g
        w += v
        yield w


def adam(gradients, lr, beta1, beta2, eps, w=0.0, correct=True):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        first, second = (1 - beta1**t, 1 - beta2**t) if correct else (1.0, 1.0)
        w -= lr * (m / first) / (math.sqrt(v / second) + eps)
        yield w


def penalised(w, g, l1, l2, lp=0.0, p=3.0):
    return g + l2 * w + (l1 + lp * abs(w) ** (p - 1)) * (int(w > 0) - int(w < 0))


def penalty(weights, l1, l2, lp=0.0, p=3.0):
    return sum(l1 * abs(w) + l2 / 2 * w**2 + lp / p * abs(w) ** p for w in weights)


def clipped(gradients, limit):
    norm = math.sqrt(math.fsum(g * g for g in gradients))
    return [g * min(1.0, limit / norm) for g in gradients] if norm else list(gradients)
