"""Three ways to compute a convolution: their numbers, their agreement, and what the rows say."""

from dataclasses import replace

import numpy as np
import pytest

from dlab.errors import DlabError
from dlab.kernels import backend
from dlab.studies.bench import convolution, timing
from dlab.studies.bench.convolution import PATIENCE, Race, check, races, rows
from dlab.studies.bench.problem import LECTURES, Problem, parse
from dlab.studies.bench.timing import ROUNDS, in_turn
from dlab.studies.bench.ways import DIRECTIONS, FORWARD, WAYS, Arrays, Definition, ImageToColumns, Own, draw
from tests.oracles import convolution as oracle

SMALL = Problem("small", (2, 6, 7), (3, 3, 3), 1, 1, batch=3)
PROBLEMS = {
    "padded": SMALL,
    "plain": Problem("plain", (1, 5, 5), (2, 3, 3), batch=2),
    "strided": Problem("strided", (2, 7, 8), (3, 3, 3), 2, 1, batch=2),
    "oblong": Problem("oblong", (2, 6, 5), (4, 2, 3), batch=2),
    "with pixels that no window sees": Problem("rest", (1, 6, 6), (2, 3, 3), 2, batch=2),
}
T13_IMAGES = np.array(
    [[[51, 70, 12, 52], [12, 36, 1, 47], [82, 61, 73, 92], [3, 58, 27, 20]],
     [[28, 41, 52, 7], [30, 3, 24, 17], [39, 56, 1, 64], [50, 51, 74, 62]]], np.float32)[:, None]  # fmt: skip
T13_MATRIX = [
    [51, 70, 12, 12, 36, 1, 82, 61, 73], [70, 12, 52, 36, 1, 47, 61, 73, 92], [12, 36, 1, 82, 61, 73, 3, 58, 27],
    [36, 1, 47, 61, 73, 92, 58, 27, 20], [28, 41, 52, 30, 3, 24, 39, 56, 1], [41, 52, 7, 3, 24, 17, 56, 1, 64],
    [30, 3, 24, 39, 56, 1, 50, 51, 74], [3, 24, 17, 56, 1, 64, 51, 74, 62],
]  # fmt: skip
T14_IMAGE = [[51, 140, 24, 52], [24, 144, 4, 94], [164, 244, 292, 184], [3, 116, 54, 20]]


def wanted(problem: Problem, arrays: Arrays) -> list[np.ndarray]:
    """y, dx and dw by plain loops in float64."""
    x, w, dy = (np.asarray(array, np.float64) for array in arrays)
    y = oracle.forward(x, w, np.zeros(len(w)), problem.stride, problem.pad)
    dx = oracle.data_gradient(dy, w, x.shape, problem.stride, problem.pad)
    return [y, dx, oracle.weight_gradient(x, dy, w.shape, problem.stride, problem.pad)[0]]


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_formulas_numbers(way, problem):
    arrays = draw(problem)
    bound = way(problem, arrays, backend("reference"))
    for direction, truth in zip(DIRECTIONS, wanted(problem, arrays), strict=True):
        bound.calls[direction]()
        found = bound.result(direction)
        assert found.shape == truth.shape
        np.testing.assert_allclose(found, truth, rtol=0, atol=3e-6 * np.abs(truth).max())


def test_the_fast_kernels_give_them_too():
    arrays, own = draw(SMALL), Own(SMALL, draw(SMALL), backend("cpu"))
    for direction, truth in zip(DIRECTIONS, wanted(SMALL, arrays), strict=True):
        own.calls[direction]()
        np.testing.assert_allclose(own.result(direction), truth, rtol=0, atol=3e-6 * np.abs(truth).max())


def test_im2col_is_the_lectures_matrix():
    problem = Problem("T13", (1, 4, 4), (1, 3, 3), batch=2)
    arrays = Arrays(T13_IMAGES, np.ones((1, 1, 3, 3), np.float32), np.ones((2, 1, 2, 2), np.float32))
    assert ImageToColumns(problem, arrays, backend("reference")).columns.tolist() == T13_MATRIX


def test_col2im_adds_what_overlaps():
    """The gradient of sum(y^2) / 2 for one-hot filters that copy each window is T14's sum of overlapping windows."""
    problem = Problem("T14", (1, 4, 4), (9, 3, 3), batch=2)
    w = np.eye(9, dtype=np.float32).reshape(9, 1, 3, 3)
    way = ImageToColumns(problem, Arrays(T13_IMAGES, w, np.zeros((2, 9, 2, 2), np.float32)), backend("reference"))
    way.calls[FORWARD]()
    back = ImageToColumns(problem, Arrays(T13_IMAGES, w, way.y), backend("reference"))
    back.calls["data gradient"]()
    assert back.dx[0, 0].tolist() == T14_IMAGE


def test_work_and_least_traffic_by_hand():
    conv2 = LECTURES[1]  # 6x14x14 by 16 filters of 5x5: 16x10x10, batch 64
    assert conv2.flops == 2 * 64 * 16 * 100 * 150
    assert conv2.bytes == 4 * (64 * (6 * 196 + 1600) + 16 * 150)


@pytest.mark.parametrize("problem", LECTURES, ids=lambda problem: problem.name)
def test_sizes_read_back(problem):
    assert replace(parse(problem.sizes), name=problem.name, batch=problem.batch) == problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("6x14:16x5x5", "is not CxHxW"),
        ("6x14x14:16x5x5:0", "at least 1"),
        ("0x14x14:16x5x5", "at least 1"),
        ("1x4x4:2x7x7:1:1", "does not fit the 4x4 image with padding 1"),
    ],
)
def test_sizes_that_are_none_are_refused(text, said):
    with pytest.raises(ValueError, match=said):
        parse(text)


class Wrong(Definition):
    """A way that is off by a thousandth of the largest number."""

    name = "wrong"

    def result(self, direction):
        found = super().result(direction).copy()
        found.flat[0] += 1e-3 * np.abs(found).max()
        return found


def test_a_way_that_disagrees_is_an_error():
    ways = [way(SMALL, draw(SMALL), backend("reference")) for way in (Definition, Wrong)]
    with pytest.raises(DlabError, match=r"small \(2x6x7:3x3x3:1:1\), batch 3, forward: wrong and definition differ"):
        check(SMALL, ways, FORWARD)


def test_numbers_that_are_none_are_an_error():
    ways = [way(SMALL, draw(SMALL), backend("reference")) for way in (Definition, Own)]
    ways[1].w[:] = np.nan
    with pytest.raises(DlabError, match="differ by nan"):
        check(SMALL, ways, FORWARD)


def test_a_slow_definition_is_left_out(monkeypatch):
    monkeypatch.setattr(convolution, "timed", lambda call: 1.0)
    found = list(races(SMALL, backend("reference"), 1, 1e-3))
    assert [race.left_out for race in found] == [{"definition": 3.0}] * 3
    assert all(set(race.rounds) == {"im2col", "dlab"} for race in found)
    row = rows(found, 100.0)[0]
    assert (row.way, row.seconds, row.gflops, row.share_of_limit, row.error) == ("definition", None, None, None, None)
    assert 3.0 > PATIENCE * 1e-3


def test_rows_follow_from_the_medians():
    race = Race(SMALL, FORWARD, {"im2col": [3e-3, 1e-3, 2e-3], "dlab": [1e-6]}, {"im2col": 0, "dlab": 1e-7}, {})
    race.rounds["definition"], race.errors["definition"] = [1.0], 0.0
    row = rows([race], fma_limit=50.0)[1]
    assert (row.way, row.seconds) == ("im2col", 2e-3)
    assert row.gflops == pytest.approx(SMALL.flops / 2e-3 / 1e9)
    assert row.share_of_limit == pytest.approx(row.gflops / 50)
    assert row.intensity == pytest.approx(row.flops / row.bytes)


class Clock:
    """Time that only work and looks at it take."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.go_on(1e-6)
        return self.now

    def go_on(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(timing, "perf_counter", made)
    return made


def test_calls_take_turns(clock):
    order = []
    calls = {name: lambda name=name: (order.append(name), clock.go_on(0.002)) for name in "ab"}
    found = in_turn(calls, seconds=2 * ROUNDS * 0.002)
    turns = [name for number, name in enumerate(order) if not number or order[number - 1] != name]
    assert turns[:4] == ["a", "b", "a", "b"]
    assert {len(rounds) for rounds in found.values()} == {ROUNDS}


def test_a_call_that_has_used_its_share_sits_the_other_rounds_out(clock):
    found = in_turn({"slow": lambda: clock.go_on(0.02), "fast": lambda: None}, seconds=0.02)
    assert (len(found["slow"]), len(found["fast"])) == (1, ROUNDS)
