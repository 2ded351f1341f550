"""Normalisation: loops, slopes through the statistics, SciPy, the lectures' example, running means, what counts."""

import numpy as np
import pytest
from scipy import stats

from dlab.kernels.normalisation import reference as normalisation
from tests.kernels.arrays import check_close, numbers, poison
from tests.oracles import normalisation as oracle
from tests.oracles.differences import slopes

EPS = 1e-5
kinds = pytest.mark.parametrize("kind", ["batch", "layer"])
shapes = pytest.mark.parametrize("shape", [(4, 3), (5, 2, 3, 2)])


def sizes(shape, kind):
    """(shape of gamma, shape of the moments)."""
    return (shape[1:2], shape[1:2]) if kind == "batch" else (shape[1:], shape[:1])


def running(shape):
    return np.zeros(shape[1]), np.ones(shape[1])


def forward(x, gamma, beta, kind, slope=1.0, samples=None, kept=None):
    """y and moments."""
    y, moments = poison(*x.shape), [poison(*sizes(x.shape, kind)[1]) for _ in range(2)]
    if kind == "batch":
        rest = kept or running(x.shape), 0.9, EPS, slope, samples
        normalisation.batch_forward(x, gamma, beta, y, moments, *rest)()
    else:
        normalisation.layer_forward(x, gamma, beta, y, moments, EPS, slope)()
    return y, moments


def backward(x, dy, gamma, beta, moments, kind, **options):
    """dx, dgamma, dbeta."""
    found = poison(*x.shape), poison(*gamma.shape), poison(*gamma.shape)
    getattr(normalisation, f"{kind}_backward")(x, dy, gamma, beta, moments, *found, **options)()
    return found


@kinds
@shapes
def test_loops_and_slopes(kind, shape):
    own = sizes(shape, kind)[0]
    x, gamma, beta, dy = 3 * numbers(*shape) + 2, numbers(*own), numbers(*own, seed=1), numbers(*shape, seed=2)
    y, moments = forward(x, gamma, beta, kind)
    wanted, means, variances = oracle.forward(x, gamma, beta, EPS, kind)
    check_close(y, wanted)
    check_close(moments, [means, 1 / np.sqrt(variances + EPS)])
    gradients = backward(x, dy, gamma, beta, moments, kind)
    for array, gradient in zip((x, gamma, beta), gradients, strict=True):
        check_close(gradient, slopes(lambda: np.sum(forward(x, gamma, beta, kind)[0] * dy), array, 1e-4), 1e-7)


@kinds
def test_without_eps_it_is_the_standard_score(kind):
    x = numbers(6, 3, 4)
    y, _ = forward(x * 1e3, *(np.full(sizes(x.shape, kind)[0], v) for v in (1.0, 0.0)), kind)
    axis = (0, 2) if kind == "batch" else (1, 2)
    check_close(y, stats.zscore(x, axis=axis), 1e-9)


def test_batch_and_layer_t27():
    column, kept = np.array([[1.0], [2], [3], [4]]), (np.zeros(1), np.ones(1))
    y, _ = forward(column, np.ones(1), np.zeros(1), "batch", kept=kept)
    known = [-1.341635, -0.447212, 0.447212, 1.341635]
    check_close(y[:, 0], known, 5e-7)
    check_close(np.concatenate(kept), [0.25, 1.025])
    check_close(forward(column.T, np.ones(4), np.zeros(4), "layer")[0][0], known, 5e-7)


def test_running_statistics_are_what_inference_uses():
    x, gamma, beta, kept = 2 * numbers(50, 3) + 5, numbers(3), numbers(3, seed=1), running((50, 3))
    for _ in range(3):
        forward(x, gamma, beta, "batch", kept=kept)
    share = 1 - 0.9**3
    check_close(kept[0], share * x.mean(0))
    check_close(kept[1], 0.9**3 + share * x.var(0))
    y = poison(50, 3)
    normalisation.batch_inference(x, gamma, beta, y, kept, EPS)()
    check_close(y, gamma * (x - kept[0]) / np.sqrt(kept[1] + EPS) + beta)


def test_only_the_samples_count_and_the_rest_is_zero():
    x, gamma, beta, dy = numbers(5, 3, 2, 2), numbers(3), numbers(3, seed=1), numbers(5, 3, 2, 2, seed=2)
    y, moments = forward(x, gamma, beta, "batch", samples=4)
    alone, own = forward(x[:4], gamma, beta, "batch")
    check_close(y[:4], alone, 0)
    check_close(moments, own, 0)
    found, wanted = (backward(x[:n], dy[:n], gamma, beta, own, "batch", samples=4) for n in (5, 4))
    check_close(found[0][:4], wanted[0], 0)
    check_close(found[1:], wanted[1:], 0)
    assert not y[4].any()
    assert not found[0][4].any()


def test_a_batch_of_one_vector_gives_beta_and_passes_nothing_on():
    x, gamma, beta, dy = numbers(1, 3), numbers(3), numbers(3, seed=1), numbers(1, 3, seed=2)
    y, moments = forward(x, gamma, beta, "batch")
    check_close(y[0], beta, 0)
    dx, dgamma, dbeta = backward(x, dy, gamma, beta, moments, "batch")
    assert not dx.any()
    assert not dgamma.any()
    check_close(dbeta, dy[0], 0)


@kinds
def test_a_rectifier_above(kind):
    x, dy, (gamma, beta) = numbers(4, 3), numbers(4, 3, seed=3), (numbers(3, seed=seed) for seed in (1, 2))
    u, (y, moments) = forward(x, gamma, beta, kind)[0], forward(x, gamma, beta, kind, slope=0.1)
    check_close(y, np.where(u > 0, u, 0.1 * u), 0)
    gradients = backward(x, dy, gamma, beta, moments, kind, slope=0.1)
    for array, gradient in zip((x, gamma, beta), gradients, strict=True):
        check_close(gradient, slopes(lambda: np.sum(forward(x, gamma, beta, kind, 0.1)[0] * dy), array), 1e-8)


def test_a_rectifier_above_inference():
    x, y, kept = numbers(4, 3), poison(4, 3), running((4, 3))
    normalisation.batch_inference(x, np.ones(3), np.zeros(3), y, kept, EPS, 0.0)()
    check_close(y, np.maximum(x, 0) / np.sqrt(1 + EPS))
