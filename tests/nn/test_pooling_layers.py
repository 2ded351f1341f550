"""Pooling layers and maxout on both backends: loops, the lectures' examples, ties, partial blocks, margins."""

import numpy as np
import pytest

from dlab.errors import ShapeError
from dlab.nn.network import place
from dlab.nn.summary import summarise
from dlab.registry import LAYERS
from tests.kernels.arrays import image, numbers
from tests.nn.alone import Alone
from tests.oracles import pooling as oracle
from tests.oracles.differences import slopes

SAMPLES = 19  # one full block and three lanes of another
A = np.array([[[51, 70, 12, 52], [12, 36, 1, 47], [82, 61, 73, 92], [3, 58, 27, 20]],
              [[28, 41, 52, 7], [30, 3, 24, 17], [39, 56, 1, 64], [50, 51, 74, 62]]], float)[None]  # fmt: skip
backends = pytest.mark.parametrize("backend", ["reference", "cpu"])


def check(found, wanted, tolerance=2e-6):
    assert found.shape == wanted.shape
    assert np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted)


def globally(name, x, dy):
    """(y, dx) of global pooling by loops over pixels."""
    y, dx = np.zeros(x.shape[:2]), np.zeros(x.shape)
    for n, c in np.ndindex(y.shape):
        pixels = x[n, c].ravel().tolist()
        if name == "global_maxpool":
            y[n, c] = max(pixels)
            dx[n, c].flat[pixels.index(max(pixels))] = dy[n, c]
        else:
            y[n, c] = sum(pixels) / len(pixels)
            dx[n, c] = dy[n, c] / len(pixels)
    return y, dx


@backends
@pytest.mark.parametrize("name", ["global_maxpool", "global_avgpool"])
@pytest.mark.parametrize("size", [(4, 7), (5, 5), (1, 3)])
def test_global_pooling_of_any_rectangle(backend, name, size):
    x, dy = numbers(SAMPLES, 3, *size), numbers(SAMPLES, 3, seed=1)
    alone = Alone(LAYERS[name](), x, backend, margin=2)
    y, dx = globally(name, x, dy)
    check(alone.forward(), y)
    check(alone.backward(dy), dx)
    assert not alone.stage.dx.whole[:, :, :2].any()  # the margin stays zero


@backends
def test_global_pooling_t16(backend):
    assert Alone(LAYERS["global_maxpool"](), A, backend).forward().tolist() == [[92, 74]]
    assert Alone(LAYERS["global_avgpool"](), A, backend).forward().tolist() == [[43.5625, 37.4375]]


@backends
def test_l2_pooling_t16(backend):
    wanted = image([[94.556861, 71.119618], [117.549989, 122.155638]])
    check(Alone(LAYERS["l2pool"](2), A[:, :1], backend).forward(), wanted, 1e-7)


@backends
@pytest.mark.parametrize("options", [{}, {"kernel": 3, "stride": 2, "pad": 1}, {"kernel": 2, "stride": 1}])
def test_l2_pooling(backend, options):
    x, layer = numbers(SAMPLES, 2, 5, 7), LAYERS["l2pool"](**options)
    x[:, :, :3, :3] = 0  # whole windows of zeros
    alone, (kernel, stride, pad) = Alone(layer, x, backend, margin=1), layer.sizes(x.shape[1:])
    y = oracle.l2_forward(x, kernel, stride, pad)
    dy = numbers(*y.shape, seed=1)
    assert (y == 0).any()
    check(alone.forward(), y)
    check(alone.backward(dy), oracle.l2_backward(dy, x, y, kernel, stride, pad))


@backends
@pytest.mark.parametrize(
    ("place", "pooled"), [((0, 0), [[9, 0], [0, 0]]), ((1, 1), [[9, 0], [0, 0]]), ((0, 2), [[0, 9], [0, 0]])]
)
@pytest.mark.parametrize("name", ["maxpool", "l2pool"])
def test_small_shifts_do_not_matter_t21(backend, name, place, pooled):
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, *place] = 9
    assert np.array_equal(Alone(LAYERS[name](2), x, backend).forward(), image(pooled))


@backends
def test_maxout_t34(backend):
    alone = Alone(LAYERS["maxout"](2), np.array([[1, -2, 3, 0.5]]), backend)
    assert alone.forward().tolist() == [[1, 3]]
    assert alone.backward(np.array([[5.0, 7.0]])).tolist() == [[5, 0, 7, 0]]


@backends
@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 1, 1), (12,)])
@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_maxout(backend, shape, k):
    x = numbers(SAMPLES, *shape)
    dy = numbers(SAMPLES, shape[0] // k, *shape[1:], seed=1)
    alone = Alone(LAYERS["maxout"](k), x, backend, margin=2)
    y, dx = oracle.maxout(x, dy, k)
    check(alone.forward(), y, 1e-7)
    check(alone.backward(dy), dx, 1e-7)


@backends
@pytest.mark.parametrize(("name", "shape"), [("maxout", (4, 3, 3)), ("maxout", (4,)), ("global_maxpool", (1, 3, 2))])
def test_the_first_of_equal_maxima_gets_the_error(backend, name, shape):
    x = np.zeros((SAMPLES, *shape))
    alone = Alone(LAYERS[name](), x, backend)
    alone.forward()
    dx = alone.backward(np.ones((SAMPLES, *alone.stage.output)))
    wanted = np.zeros(x.shape)
    if name == "maxout":
        wanted[:, ::2] = 1
    else:
        wanted[:, :, 0, 0] = 1
    assert np.array_equal(dx, wanted)


@pytest.mark.parametrize("name", ["l2pool", "global_maxpool", "global_avgpool", "maxout"])
def test_gradients_are_slopes(name):
    x = numbers(2, 4, 4, 6)
    alone = Alone(LAYERS[name](), x)
    dy = numbers(*alone.forward().shape, seed=1)
    check(alone.backward(dy), slopes(lambda: np.sum(alone.forward() * dy), alone.stage.x.view()), 1e-8)


@pytest.mark.parametrize("name", ["l2pool", "global_maxpool", "global_avgpool"])
def test_pooling_layers_refuse_vectors(name):
    with pytest.raises(ShapeError, match=f"{name} needs an image"):
        LAYERS[name]().output_shape((4,))


def test_the_summary_counts_what_they_do():
    layers = LAYERS["conv"](6, 3), LAYERS["l2pool"](3, 2), LAYERS["maxout"](3), LAYERS["global_avgpool"]()
    rows = summarise(place(layers, (1, 12, 9)))
    assert [row.shape for row in rows] == [(6, 10, 7), (6, 4, 3), (2, 4, 3), (2,)]
    assert [row.multiply_adds for row in rows] == [6 * 70 * 9, 6 * 12 * 9, 0, 0]
    assert [row.receptive_field for row in rows] == [3, 5, 5, 0]  # 0 for vectors
    assert [row.kernel for row in rows] == [3, 3, None, None]
    assert [row.parameters for row in rows] == [60, 0, 0, 0]
