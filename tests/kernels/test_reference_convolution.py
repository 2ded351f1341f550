"""Convolution: loops, slopes, the adjoint, fusion, the lectures' examples and SciPy."""

import numpy as np
import pytest
from scipy import signal

from dlab.kernels.activation import reference as activation
from dlab.kernels.convolution import reference as convolution
from dlab.kernels.pooling import reference as pooling
from dlab.kernels.reference import windows
from tests.kernels.arrays import check_close, image, margin, numbers, poison
from tests.oracles import convolution as oracle
from tests.oracles.differences import slopes

#        N  C  H  W  K  FH FW S  P
CASES = [
    (1, 1, 3, 3, 1, 2, 2, 1, 0),
    (2, 3, 5, 4, 2, 3, 3, 1, 1),
    (2, 2, 6, 5, 3, 3, 2, 2, 0),
    (1, 2, 7, 8, 2, 3, 3, 3, 2),
    (3, 4, 3, 5, 2, 1, 1, 1, 0),
    (1, 2, 4, 5, 3, 1, 1, 2, 1),
    (2, 1, 3, 3, 2, 5, 5, 1, 2),
]
sizes = pytest.mark.parametrize(("n", "c", "h", "v", "k", "fh", "fw", "stride", "pad"), CASES)
SLOPES = [1.0, 0.0, 0.1]


def forward(x, w, b=None, stride=1, pad=0, slope=1.0):
    x = margin(x, pad)
    y = poison(len(x), len(w), *windows(x, w.shape[2:], stride).shape[2:4])
    convolution.forward(x, w, b, y, stride, slope)()
    return y


def fused(x, w, b, slope):
    height, width = windows(x, w.shape[2:], 1).shape[2:4]
    y = poison(len(x), len(w), height // 2, width // 2)
    code = poison(*y.shape, dtype=np.uint8)
    convolution.forward(x, w, b, y, 1, slope, code)()
    return y, code


def data_gradient(dy, w, shape, stride=1, pad=0, **options):
    dx = poison(*shape)
    convolution.data_gradient(dy, w, dx, stride, pad, **options)()
    return dx


def weight_gradient(x, dy, w_shape, stride=1, pad=0, **options):
    dw, db = poison(*w_shape), poison(w_shape[0])
    convolution.weight_gradient(margin(x, pad), dy, dw, db, stride, **options)()
    return dw, db


@sizes
def test_loops_say_the_same(n, c, h, v, k, fh, fw, stride, pad):
    x, w, b = numbers(n, c, h, v), numbers(k, c, fh, fw), numbers(k)
    y = oracle.forward(x, w, b, stride, pad)
    dy = numbers(*y.shape, seed=1)
    check_close(forward(x, w, b, stride, pad), y)
    check_close(data_gradient(dy, w, x.shape, stride, pad), oracle.data_gradient(dy, w, x.shape, stride, pad))
    for found, wanted in zip(
        weight_gradient(x, dy, w.shape, stride, pad),
        oracle.weight_gradient(x, dy, w.shape, stride, pad),
        strict=True,
    ):
        check_close(found, wanted)


@sizes
def test_gradients_are_slopes_and_adjoints(n, c, h, v, k, fh, fw, stride, pad):
    x, w, b = numbers(n, c, h, v), numbers(k, c, fh, fw), numbers(k)
    dy = numbers(*forward(x, w, b, stride, pad).shape, seed=1)
    dx = data_gradient(dy, w, x.shape, stride, pad)
    dw, db = weight_gradient(x, dy, w.shape, stride, pad)
    for array, gradient in ((x, dx), (w, dw), (b, db)):
        check_close(gradient, slopes(lambda: np.sum(forward(x, w, b, stride, pad) * dy), array, 1e-3), 1e-9)
    product = np.sum(forward(x, w, None, stride, pad) * dy)
    check_close([np.sum(x * dx), np.sum(w * dw)], [product, product])


@pytest.mark.parametrize("slope", SLOPES)
def test_rectified_forward_is_convolution_then_rectifier(slope):
    x, w, b = numbers(2, 2, 5, 5), numbers(3, 2, 3, 3), numbers(3)
    y = poison(2, 3, 3, 3)
    activation.forward("rectify", forward(x, w, b), y, slope)()
    check_close(forward(x, w, b, slope=slope), y, 0)


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("size", [(6, 6), (7, 8), (5, 7)])
def test_fused_pooling_is_the_same_in_steps(size, slope):
    x, w, b = numbers(2, 2, *size), numbers(3, 2, 3, 3), numbers(3)
    u, v = forward(x, w, b), forward(x, w, b, slope=slope)
    y, code = fused(x, w, b, slope)
    y_steps, code_steps = poison(*y.shape), poison(*y.shape, dtype=np.int32)
    pooling.max_forward(u, poison(*y.shape), code_steps, (2, 2), (2, 2), 0)()
    check_close(code, code_steps, 0)
    pooling.max_forward(v, y_steps, code_steps, (2, 2), (2, 2), 0)()
    check_close(y, y_steps, 0)

    dy = numbers(*y.shape, seed=1)
    dv, du = poison(*v.shape), poison(*v.shape)
    pooling.max_backward(dy, code_steps, dv, (2, 2), (2, 2), 0)()
    activation.backward("rectify", dv, v, du, slope)()
    dw, db = poison(*w.shape), poison(3)
    convolution.pooled_weight_gradient(x, dy, y, code, dw, db, slope=slope)()
    for found, wanted in zip((dw, db), weight_gradient(x, du, w.shape), strict=True):
        check_close(found, wanted)
    for array, gradient in ((w, dw), (b, db), (x, data_gradient(du, w, x.shape))):
        check_close(gradient, slopes(lambda: np.sum(fused(x, w, b, slope)[0] * dy), array), 1e-8)


@pytest.mark.parametrize("slope", SLOPES)
def test_gate_passes_the_rectifier_below(slope):
    z, w = numbers(2, 2, 5, 5), numbers(3, 2, 3, 3)
    x = np.where(z > 0, z, slope * z)
    dy = numbers(2, 3, 5, 5, seed=1)
    dz = data_gradient(dy, w, z.shape, pad=1, gate=x, slope=slope)
    check_close(dz, slopes(lambda: np.sum(forward(np.where(z > 0, z, slope * z), w, pad=1) * dy), z), 1e-8)


def test_margin_of_the_error_is_not_read():
    dy, w = numbers(2, 3, 4, 4), numbers(3, 2, 3, 3)
    wanted = data_gradient(dy, w, (2, 2, 6, 6))
    check_close(data_gradient(margin(dy, 2, np.nan), w, (2, 2, 6, 6), margin=2), wanted, 0)


def test_samples_beyond_the_batch_do_not_count():
    x, dy = numbers(4, 2, 4, 4), numbers(4, 3, 3, 3)
    wanted = weight_gradient(x[:3], dy[:3], (3, 2, 2, 2))
    for found, right in zip(weight_gradient(x, dy, (3, 2, 2, 2), samples=3), wanted, strict=True):
        check_close(found, right)


def test_bias_may_be_missing():
    x, w, dy = numbers(2, 2, 4, 4), numbers(3, 2, 3, 3), numbers(2, 3, 2, 2)
    check_close(forward(x, w), forward(x, w, np.zeros(3)), 0)
    dw = poison(*w.shape)
    convolution.weight_gradient(x, dy, dw, None)()
    check_close(dw, weight_gradient(x, dy, w.shape)[0], 0)


HALF = [[1, 1, 1, 0, 0, 0]] * 6
EDGE = np.array([[1, 0, -1]] * 3)
SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
OUTER, INNER = [-3, 0, 3, 3, 0, 0], [-4, 0, 4, 4, 0, 0]
FILTERED = {
    "T01 edge": (np.multiply(HALF, 10), EDGE, 0, [[0, 30, 30, 0]] * 4),
    "T01 true convolution": (np.multiply(HALF, 10), EDGE[::-1, ::-1], 0, [[0, -30, -30, 0]] * 4),
    "T01 as L4 prints it": (np.multiply(HALF, 10), EDGE.T, 0, [[0] * 4] * 4),
    "T02 mean": (HALF, np.full((3, 3), 1 / 9), 0, [[1, 2 / 3, 1 / 3, 0]] * 4),
    "T03 Sobel": (HALF, SOBEL, 0, [[0, 4, 4, 0]] * 4),
    "T03 on tens": (np.multiply(HALF, 10), SOBEL, 0, [[0, 40, 40, 0]] * 4),
    "T03 transposed": (HALF, SOBEL.T, 0, [[0] * 4] * 4),
    "T04 padded": (HALF, SOBEL, 1, [OUTER, *[INNER] * 4, OUTER]),
}


@pytest.mark.parametrize(("x", "w", "pad", "y"), FILTERED.values(), ids=FILTERED)
def test_filters_of_the_lectures(x, w, pad, y):
    check_close(forward(image(x), image(w), pad=pad), image(y))


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "output"),
    [(6, 2, 1, 1, 7), (5, 3, 1, 0, 3), (5, 3, 2, 0, 2), (5, 3, 1, 1, 5), (28, 5, 1, 0, 24), (227, 11, 4, 0, 55)]
    + [(224, 11, 4, 0, 54)]
    + [(9, kernel, 1, (kernel - 1) // 2, 9) for kernel in (1, 3, 5)],
)
def test_output_sizes_t10_t11_t12(size, kernel, stride, pad, output):
    x = np.zeros((1, 1, size + 2 * pad, size + 2 * pad))
    assert windows(x, (kernel, kernel), stride).shape == (1, 1, output, output, kernel, kernel)


A0 = [[51, 70, 12, 52], [12, 36, 1, 47], [82, 61, 73, 92], [3, 58, 27, 20]]
A1 = [[28, 41, 52, 7], [30, 3, 24, 17], [39, 56, 1, 64], [50, 51, 74, 62]]
A = np.array([A0, A1], float)[:, None]
COLUMNS = """
51 70 12 12 36 1 82 61 73    70 12 52 36 1 47 61 73 92    12 36 1 82 61 73 3 58 27    36 1 47 61 73 92 58 27 20
28 41 52 30 3 24 39 56 1     41 52 7 3 24 17 56 1 64      30 3 24 39 56 1 50 51 74    3 24 17 56 1 64 51 74 62
"""


def test_unit_filters_are_im2col_and_back_t13_t14():
    units = np.eye(9).reshape(9, 1, 3, 3)
    columns = forward(A, units)
    check_close(columns.transpose(0, 2, 3, 1).reshape(8, 9), np.array(COLUMNS.split(), float).reshape(8, 9), 0)
    coverage = np.outer([1, 2, 2, 1], [1, 2, 2, 1])
    back = data_gradient(columns, units, A.shape)
    check_close(back, A * coverage, 0)
    check_close(back[0, 0], [[51, 140, 24, 52], [24, 144, 4, 94], [164, 244, 292, 184], [3, 116, 54, 20]], 0)


def test_sobel_on_two_images_t15():
    check_close(forward(A, image(SOBEL))[:, 0], np.array([[[70, -35], [5, -35]], [[26, -2], [58, -41]]]), 0)


def test_shared_weights_sum_their_gradients_t19():
    x, w = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), image([[1, 0], [0, -1]])
    dy = image([[1, 2], [3, 4]])
    check_close(forward(x, w, np.array([0.5])), np.full((1, 1, 2, 2), -3.5), 0)
    dw, db = weight_gradient(x, dy, w.shape)
    check_close(dw, image([[37, 47], [67, 77]]), 0)
    check_close(db, [10], 0)
    check_close(data_gradient(dy, w, x.shape), image([[1, 2, 0], [3, 3, -2], [0, -3, -4]]), 0)


def test_colour_kernel_adds_its_channels_t20():
    rows = np.array([[0.5, -0.5, -0.5], [-0.3, 0.4, -0.3], [0, -0.8, 0.7]])
    w = np.repeat(rows[None, :, None], 3, axis=2)
    x = np.ones((1, 3, 3, 3))
    check_close([forward(x[:, [c]], w[:, [c]]).item() for c in range(3)], [-1.5, -0.6, -0.3])
    check_close(forward(x, w), np.full((1, 1, 1, 1), -2.4))


def test_scipy_says_the_same():
    x, w, dy = numbers(1, 3, 6, 7), numbers(2, 3, 3, 2), numbers(1, 2, 4, 6)
    y = [signal.correlate(x[0], w[k], "valid")[0] for k in range(2)]
    dx = [sum(signal.convolve(dy[0, k], w[k, c], "full") for k in range(2)) for c in range(3)]
    dw = [[signal.correlate(x[0, c], dy[0, k], "valid") for c in range(3)] for k in range(2)]
    check_close(forward(x, w)[0], y)
    check_close(data_gradient(dy, w, x.shape)[0], dx)
    check_close(weight_gradient(x, dy, w.shape)[0], dw)
