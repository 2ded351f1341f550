"""Rows of CSV: exact round trip, torn ends, clear faults."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlab.errors import DataError
from dlab.results.records import Evaluation, Observation
from dlab.results.rows import Rows

HEADER = "epoch,step,lr,train_loss,train_accuracy,test_loss,test_accuracy\n"
number = st.floats(allow_nan=False)


@pytest.fixture
def table(tmp_path):
    rows = Rows(tmp_path / "results.csv", Evaluation)
    rows.create()
    return rows


def test_the_header_is_fixed(table):
    assert table.path.read_text() == HEADER


@given(lr=number, loss=number, accuracy=st.none() | number, step=st.integers(0, 2**40))
def test_floats_come_back_as_the_same_bits(tmp_path_factory, lr, loss, accuracy, step):
    table = Rows(tmp_path_factory.mktemp("rows") / "results.csv", Evaluation)
    table.create()
    row = Evaluation(1, step, lr, loss, accuracy, None, accuracy)
    table.append(row)
    assert table.read() == [row]


def test_numpy_numbers_are_written_as_plain_ones(table):
    import numpy as np

    table.append(Evaluation(np.int64(1), 2, np.float64(0.1), np.float32(0.5), None, None, None))
    assert table.path.read_text() == HEADER + "1,2,0.1,0.5,,,\n"


def test_a_torn_last_row_does_not_count(table):
    whole = Evaluation(1, 2, 0.1, 0.5, None, None, None)
    table.append(whole)
    text = table.path.read_text() + "2,4,0.1,0.25,0.5,0.25,0.75"
    for end in range(text.index("2,4"), len(text) + 1):
        table.path.write_text(text[:end])
        assert table.read() == [whole]


def test_cut_takes_a_table_back_to_a_size_it_had(table):
    rows = [Evaluation(1, step, 0.1, 1 / 3, 0.1, None, None) for step in (2, 4, 6)]
    table.append(*rows[:2])
    size, text = table.size(), table.path.read_text()
    table.append(rows[2])
    for _ in range(2):
        table.cut(size)
        assert table.read() == rows[:2]
        assert table.path.read_text() == text


@pytest.mark.parametrize(
    "text", ["", "a,b\n", HEADER + "1,2,3\n", HEADER + "x,2,0.1,0.5,,,\n", HEADER + "1,2,,0.5,,,\n"]
)
def test_damage_names_the_file(table, text):
    table.path.write_text(text)
    with pytest.raises(DataError, match=r"results\.csv"):
        table.read()


def test_words_whole_numbers_and_gaps_come_back(tmp_path):
    table = Rows(tmp_path / "layers.csv", Observation)
    table.create()
    rows = [Observation(0, "dense1", "sigmoid", weight_units=7), Observation(0, "dense2", "", 1 / 3, float("inf"))]
    table.append(*rows)
    assert table.read() == rows
    assert table.path.read_text().splitlines()[1] == "0,dense1,sigmoid,,,,,,,,,,,7"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_data_error(table, content):
    table.path.unlink() if content is None else table.path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read .*results\.csv"):
        table.read()
