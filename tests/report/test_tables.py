"""Tables: what they say, and what they leave out when there is much."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from dlab.report import tables, words
from dlab.results.records import Evaluation


def text(piece) -> str:
    stream = io.StringIO()
    Console(file=stream, width=200).print(piece)
    return stream.getvalue()


def rows(count: int, best: int) -> list[Evaluation]:
    return [Evaluation(n + 1, 10 * n, 0.1, 1.0, 0.5, abs(n - best) + 0.5, 0.9) for n in range(count)]


def test_the_best_row_is_marked():
    lines = [line for line in text(tables.evaluations(rows(5, 2))).splitlines() if "best" in line]
    assert [line.split()[0] for line in lines] == ["3"]


@pytest.mark.parametrize("count", [0, 1, 2, 20, 21, 1000])
def test_thinning_keeps_best_and_last(count):
    best = count // 3
    kept = tables.thinned(count, best)
    assert len(kept) <= tables.ROWS + 2
    assert set(kept) <= set(range(count))
    assert not count or {best, count - 1} <= set(kept)


def test_a_network_has_totals():
    row = SimpleNamespace(
        name="convolution1", kernel=5, stride=1, pad=2, activation="relu", shape=(6, 28, 28), parameters=156,
        multiply_adds=117_600, receptive_field=5, memory_bytes=18_816,
    )  # fmt: skip
    said = text(tables.layers([row, row]))
    assert "6 × 28 × 28" in said
    assert "312" in said.splitlines()[-2]
    assert "235,200" in said


def test_metrics_fall_back_to_what_there_is():
    best = {"epoch": 1, "test_accuracy": None, "test_loss": None, "train_accuracy": None, "train_loss": 0.25}
    assert tables.metrics({"final": best, "best": best}) == "train loss 0.2500, best 0.2500"
    assert tables.metrics({}) == ""


def test_the_best_row_is_the_one_of_the_lowest_loss_and_said_to_be():
    final, best = {"epoch": 20, "test_accuracy": 0.9833}, {"epoch": 9, "test_accuracy": 0.9805}
    said = tables.metrics({"final": final, "best": best})
    assert said == "test accuracy 98.33 %, 98.05 % at the lowest loss (epoch 9)"
    assert tables.metrics({"final": final, "best": final}) == "test accuracy 98.33 %, best 98.33 %"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.84, "0.8 s"), (42, "42 s"), (185, "3:05 min"), (7800, "2:10:00 h"), (59.7, "1:00 min")]
)
def test_durations(seconds, said):
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(12, "12 B"), (18_816, "18.8 KB"), (47_000_000, "47.0 MB"), (3e9, "3.0 GB")]
)
def test_sizes(count, said):
    assert words.size(count) == said
