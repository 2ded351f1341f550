"""The engine against the definition: plain loops in float64 over every output."""

import numpy as np
import pytest

from dlab import kernels
from dlab.kernels import gpu
from dlab.kernels.gpu.emulator import Emulator
from dlab.studies.filters.engine import Engine, Slide


def by_loops(x: np.ndarray, slide: Slide) -> np.ndarray:
    wide = np.pad(x, ((0, 0), (0, 0), (slide.pad, slide.pad), (slide.pad, slide.pad)))
    height, width = slide.w.shape[1:]
    rows = (wide.shape[2] - height) // slide.stride + 1
    columns = (wide.shape[3] - width) // slide.stride + 1
    y = np.zeros((len(x), rows, columns))
    for n, i, j in np.ndindex(y.shape):
        top, left = i * slide.stride, j * slide.stride
        y[n, i, j] = (wide[n, :, top : top + height, left : left + width] * slide.w).sum()
    return y


SHAPES = {
    "one image": (1, 1, 7, 9),
    "colours": (2, 3, 6, 6),
    "more than a block": (19, 1, 5, 8),
    "strips": (1, 2, 70, 9),
    "strips of three images": (3, 1, 51, 6),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_filters_of_all_sizes_in_one_call_are_what_loops_give(engine, shape):
    random = np.random.default_rng(list(shape))
    x = random.normal(size=shape)
    kinds = [(3, 3, 1, 0), (3, 3, 1, 1), (1, 1, 1, 2), (2, 4, 1, 1), (5, 5, 1, 2), (1, 3, 1, 0)]
    slides = [Slide(random.normal(size=(shape[1], h, w)), stride, pad) for h, w, stride, pad in kinds]
    for slide, found in zip(slides, engine.respond(x, slides), strict=True):
        wanted = by_loops(x, slide)
        assert found.shape == wanted.shape == (shape[0], *slide.size(shape))
        np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_strides_that_do_not_divide_round_down(engine):
    random = np.random.default_rng(1)
    x = random.normal(size=(1, 1, 66, 11))
    slides = [Slide(random.normal(size=(1, 3, 3)), 2, pad) for pad in (0, 1)]
    for slide, found in zip(slides, engine.respond(x, slides), strict=True):
        wanted = by_loops(x, slide)
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_l2_is_the_root_of_the_sum_of_squares(engine):
    x = np.random.default_rng(2).normal(size=(2, 3, 6, 6))
    wanted = np.sqrt((x.reshape(2, 3, 3, 2, 3, 2) ** 2).sum(axis=(3, 5)))
    np.testing.assert_allclose(engine.l2(x, (2, 2)), wanted, rtol=1e-6)


def test_pooling_of_the_whole_image_takes_any_shape(engine):
    x = np.random.default_rng(3).normal(size=(2, 3, 4, 7))
    largest, code = engine.maximum(x, (4, 7))
    np.testing.assert_allclose(largest[..., 0, 0], x.max(axis=(2, 3)), rtol=1e-6)
    np.testing.assert_array_equal(code[..., 0, 0], x.reshape(2, 3, 28).argmax(axis=2))
    np.testing.assert_allclose(engine.average(x, (4, 7))[..., 0, 0], x.mean(axis=(2, 3)), atol=1e-6)


def test_a_stride_makes_windows_overlap(engine):
    x = np.random.default_rng(4).normal(size=(1, 1, 5, 6))
    wanted = [[x[0, 0, i : i + 3, j : j + 2].max() for j in (0, 3)] for i in (0, 2)]
    np.testing.assert_allclose(engine.maximum(x, (3, 2), (2, 3))[0][0, 0], wanted, rtol=1e-6)


@pytest.mark.slow
def test_a_gpu_with_a_memory_of_its_own_gives_what_the_definition_does():
    gpu.use(Emulator())
    definition, engine = Engine(kernels.Reference()), Engine(kernels.CUDA())
    x, slide, sizes = (
        np.random.default_rng(5).normal(size=(2, 1, 6, 6)),
        Slide(np.eye(3)[None], pad=1),
        ((2, 2), (2, 2)),
    )
    np.testing.assert_allclose(engine.respond(x, [slide])[0], definition.respond(x, [slide])[0], atol=1e-5)
    (y, code), (largest, places) = engine.maximum(x, (2, 2)), definition.maximum(x, (2, 2))
    np.testing.assert_allclose(y, largest, rtol=1e-6)
    np.testing.assert_array_equal(code, places)
    wanted = definition.max_errors(largest, places, x.shape, sizes)
    np.testing.assert_allclose(engine.max_errors(largest, code, x.shape, sizes), wanted, rtol=1e-6)
