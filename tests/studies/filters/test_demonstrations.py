"""The lectures' worked examples, through the demonstrations, on every device."""

import numpy as np
import pytest

from dlab.registry import DEMONSTRATIONS, FILTERS, IMAGES
from dlab.studies.filters.formulas.gabor import Wave

A0 = np.array([[51, 70, 12, 52], [12, 36, 1, 47], [82, 61, 73, 92], [3, 58, 27, 20]])
COVERAGE = np.array([[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]])
IM2COL = """51 70 12 12 36 1 82 61 73
70 12 52 36 1 47 61 73 92
12 36 1 82 61 73 3 58 27
36 1 47 61 73 92 58 27 20
28 41 52 30 3 24 39 56 1
41 52 7 3 24 17 56 1 64
30 3 24 39 56 1 50 51 74
3 24 17 56 1 64 51 74 62"""


def rows(row: list[float], count: int = 4) -> np.ndarray:
    return np.array([row] * count)


def assert_close(found, wanted, tolerance=1e-6):
    np.testing.assert_allclose(found, wanted, atol=tolerance, rtol=tolerance)


def step(high: float):
    return IMAGES["step"](high=high)


def test_t01_vertical_edge(show):
    found = show("numbers").arrays
    assert_close(found["input 0"], rows([10, 10, 10, 0, 0, 0], 6))
    assert_close(found["cross-correlation 0"], rows([0, 30, 30, 0]))
    assert_close(found["convolution 0"], rows([0, -30, -30, 0]))
    assert_close(found["printed 0"], rows([0, 0, 0, 0]))


def test_t02_mean(show):
    assert_close(show("numbers").arrays["cross-correlation 1"], rows([1, 2 / 3, 1 / 3, 0]))


def test_t03_sobel(show):
    found = show("numbers").arrays
    assert_close(found["cross-correlation 2"], rows([0, 4, 4, 0]))
    assert_close(found["cross-correlation 4"], rows([0, 0, 0, 0]))
    tens = show("numbers", images=(step(10.0),), filters=(FILTERS["sobel"](),)).arrays
    assert_close(tens["cross-correlation 0"], rows([0, 40, 40, 0]))


def test_t04_padding(show):
    border, inside = [-3, 0, 3, 3, 0, 0], [-4, 0, 4, 4, 0, 0]
    assert_close(show("numbers").arrays["cross-correlation 3"], [border, *[inside] * 4, border])


def test_t10_t11_t12_output_sizes(show):
    sizes = [row["output O"] for row in show("sizes").rows]
    assert sizes == [3, 2, 5, 24, 55, 54, 7]
    same = show("numbers", filters=(FILTERS["sobel"](), FILTERS["mean"](size=5)), pad="same")
    assert [(row["rows"], row["columns"], row["pad"]) for row in same.rows] == [(6, 6, 1), (6, 6, 2)]


def test_t13_t14_t15_im2col(show):
    found = show("im2col").arrays
    wanted = np.array([line.split() for line in IM2COL.split("\n")], float)
    assert np.array_equal(found["columns"], wanted)
    assert np.array_equal(found["folded"][0, 0], A0 * COVERAGE)
    assert np.array_equal(found["direct"], [[[70, -35], [5, -35]], [[26, -2], [58, -41]]])
    assert np.array_equal(found["product"], found["direct"].reshape(-1))


def test_t16_pooling(show):
    found = show("pooling").arrays
    assert_close(found["max"], [[70, 52], [82, 92]])
    assert_close(found["average"], [[42.25, 28], [51, 53]])
    assert_close(found["L2"], [[94.556861, 71.119618], [117.549989, 122.155638]], 1e-5)
    assert_close(found["global max"], [[92]])
    assert_close(found["global average"], [[43.5625]])


def test_pooling_takes_an_image_that_is_not_square(show):
    found = show("pooling", image=IMAGES["rows"](rows=((1, 2, 3, 4), (5, 6, 7, 8)))).arrays
    assert_close(found["max"], [[6, 8]])
    assert_close(found["global max"], [[8]])
    assert_close(found["global average"], [[4.5]])


def test_t17_pooling_backward(show):
    found = show("pooling").arrays
    assert_close(found["max errors"], [[0, 1, 0, 2], [0, 0, 0, 0], [3, 0, 0, 4], [0, 0, 0, 0]])
    assert_close(found["average errors"], np.kron([[0.25, 0.5], [0.75, 1.0]], np.ones((2, 2))))
    overlapping = show("pooling", window=3, stride=1).arrays["max errors"]
    wanted = np.zeros((4, 4))
    wanted[2, 0], wanted[2, 3] = 4, 6
    assert_close(overlapping, wanted)


class TestGabor:
    def test_t18_values(self):
        g = Wave(f=0.5, sigma_x=2.0, sigma_y=2.0, size=5).values()
        assert_close(g[2].real, [-0.606531, 0, 1, 0, -0.606531])
        assert_close(g[2].imag, [0, -0.882497, 0, 0.882497, 0])
        assert_close(g[0].real, [-0.367879, 0, 0.606531, 0, -0.367879])

    def test_t18_symmetries(self):
        wave = {"f": 0.5, "sigma_x": 2.0, "sigma_y": 2.0, "size": 5}
        g = Wave(**wave).values()
        assert_close(Wave(theta=90.0, **wave).values(), g.T, 1e-12)
        assert_close(Wave(P=90.0, **wave).values(), 1j * g, 1e-12)
        assert_close(g[::-1, ::-1], g.conj(), 1e-12)
        assert_close(Wave(K=3.0, **wave).values(), 3 * g, 1e-12)

    def test_widths_turn_with_the_wave(self):
        g = np.abs(Wave(f=0.5, sigma_x=1.0, sigma_y=4.0, size=9).values())
        assert g[4, 6] == pytest.approx(np.exp(-2))
        assert g[6, 4] == pytest.approx(np.exp(-1 / 8))

    def test_the_demonstration_holds_the_parts_and_their_responses(self, show):
        image = IMAGES["digit"](index=1)
        found = show("gabor", image=image, f=0.5, sigma_x=2.0, sigma_y=2.0, size=5)
        assert [row["x"] for row in found.rows] == [-2, -1, 0, 1, 2]
        assert_close([row["real"] for row in found.rows], [-0.606531, 0, 1, 0, -0.606531])
        x, g = np.pad(found.arrays["image"][0], 2), Wave(f=0.5, sigma_x=2.0, sigma_y=2.0, size=5).values()
        seen = abs((x[10:15, 12:17] * g).sum())
        assert found.arrays["response magnitude"][10, 12] == pytest.approx(seen, abs=1e-5)


@pytest.mark.parametrize(("angle", "least", "most"), [(0.0, 28.245, 28.255), (45.0, 1.565, 1.575), (90.0, 0.0, 0.02)])
def test_t18_bank_answers_to_orientation(show, angle, least, most):
    grating = IMAGES["grating"](size=21, frequency=0.5 / 3, angle=angle)
    found = show("bank", orientations=4, frequencies=(0.5,), images=(grating,))
    response = {row["theta"]: row["response"] for row in found.rows}
    assert least <= response[0.0] <= most
    assert max(response, key=response.get) == angle


def test_x12_bank_answers_to_frequency(show):
    found = show("bank", orientations=2, frequencies=(0.5, 0.8), images=(IMAGES["grating"](size=24, angle=0.0),))
    response = {(row["f"], row["theta"]): row["response"] for row in found.rows}
    assert response[0.5, 0.0] > 5 * response[0.8, 0.0]
    assert found.arrays["bank"].shape == (2, 2, 21, 21)


def test_x15_a_simple_cell_follows_the_phase_and_a_complex_cell_does_not(show):
    found = show("cells").rows
    even, energy, pooled = (np.array([row[key] for row in found]) for key in ("even", "energy", "pooled"))
    phases = np.deg2rad([row["phase"] for row in found])
    assert_close(even, even[0] * np.cos(phases), 0.01)
    assert even[0] == pytest.approx(28.25, abs=0.005)
    assert even[6] == pytest.approx(0, abs=1e-4)  # a grating shifted by 90 degrees (T18)
    assert np.ptp(energy) < 0.001 * energy.mean()
    assert pooled.min() > 0.8 * pooled.max()


def test_t20_channels_add_up(show):
    values = [row["first response"] for row in show("channels").rows]
    assert_close(values, [-1.5, -0.6, -0.3, -2.4])


def test_t21_pooling_tolerates_shifts(show):
    found = show("tolerance")
    assert_close(found.arrays["dots pooled"], [[[9, 0], [0, 0]], [[9, 0], [0, 0]], [[0, 9], [0, 0]]])
    for name, window in (("one place", 1), ("2x2 pooled", 2), ("4x4 pooled", 4)):
        assert_close([row[name] for row in found.rows], [6.0 if row["shift"] < window else 0.0 for row in found.rows])


def test_x15_the_response_moves_with_the_bar(show):
    responses = show("tolerance").arrays["one place"]
    assert len(responses) > 1
    assert responses[0].any()
    for shift, response in enumerate(responses):
        assert_close(np.roll(responses[0], shift, axis=1), response)


def test_t22_receptive_fields(show):
    found = show("receptive_field").rows
    fields = {
        name: [row["receptive field"] for row in found if row["network"] == name] for name in ("lenet", "deep_convnet")
    }
    assert fields == {"lenet": [5, 6, 14, 16], "deep_convnet": [3, 5, 6, 10, 14, 16, 24, 32, 36]}


def test_a_flip_turns_a_picture_filter(show):
    image, filters = IMAGES["digit"](), (FILTERS["sobel"](),)
    plain, flipped = (show("filters", image=image, filters=filters, flip=flip).arrays["response 0"] for flip in (0, 1))
    assert plain.any()
    assert_close(plain, -flipped)


SHARPEN = ((0.0, -1.0, 0.0), (-1.0, 5.0, -1.0), (0.0, -1.0, 0.0))


TOTALS = {
    **dict.fromkeys(("mean", "gaussian", "kernel"), 1.0),
    "gabor": 2 * np.pi * 9 * np.exp(-((2 * np.pi * 0.5) ** 2) / 2),  # of the real part: the integral of the formula
}


@pytest.mark.parametrize("name", list(FILTERS))
def test_smoothing_keeps_brightness_and_edges_ignore_it(name):
    options = {"kernel": {"rows": SHARPEN}}.get(name, {})
    assert FILTERS[name](**options).weights().sum() == pytest.approx(TOTALS.get(name, 0.0), abs=0.02)


def test_every_demonstration_says_what_it_does_and_runs_on_its_defaults(engine):
    for name in DEMONSTRATIONS:
        demonstration = DEMONSTRATIONS[name]()
        assert demonstration.outline()
    assert set(DEMONSTRATIONS) >= {"numbers", "filters", "gabor", "bank", "cells", "tolerance", "pooling", "im2col"}
