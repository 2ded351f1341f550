"""Tables: one sample a row, and faults named with line and column."""

import numpy as np
import pytest

from dlab.errors import DataError
from dlab.registry import DATASETS

GOOD = "a,b,label\n1,2.5,cat\n-3,4e1,dog\n.5,6.,cat\n"


def load(tmp_path, text, **options):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return DATASETS["csv"](path=str(path), normalize="none", **options).load()


REFUSED = {
    "ragged": ("a,b,label\n1,2,x\n1,2\n", "line 3 has 2 cells, the header 3"),
    "ragged after a blank line": ("a,label\n\n1,x\n\n1,2,x\n", "line 5 has 3 cells"),
    "bad number": ("a,b,label\n1,2,x\n1,two,y\n", 'line 3, column "b": "two" is not a number'),
    "thousands": ('a,label\n"1,000",x\n', "is not a number"),
    "space": ("a,label\n 1,x\n", "is not a number"),
    "empty cell": ("a,label\n,x\n", 'line 2, column "a"'),
    "nan": ("a,label\nnan,x\n", "is not a number"),
    "too large": ("a,label\n1e99,x\n", "too large"),
    "missing label": ("a,lable\n1,x\n", 'no column "label". Did you mean "lable"'),
    "same name twice": ("a,a,label\n1,2,x\n", "different names"),
    "no rows": ("a,label\n", "rows below it"),
    "nothing": ("", "header row"),
    "one column": ("label\nx\n", "header row"),
    "not text": (b"a,label\n\xff\xfe,x\n", "cannot be read"),
    "open quote": ('a,label\n"1,x\n', "cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_place(tmp_path, case):
    text, said = REFUSED[case]
    with pytest.raises(DataError, match=r"t\.csv.*") as caught:
        load(tmp_path, text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", [GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD + "\n\n", GOOD.rstrip()])
def test_classes_in_alphabetical_order(tmp_path, text):
    data = load(tmp_path, text)
    np.testing.assert_array_equal(data.train.x, np.float32([[1, 2.5], [-3, 40], [0.5, 6]]))
    assert data.classes == ("cat", "dog")
    np.testing.assert_array_equal(data.train.labels, [0, 1, 0])


def test_label_column_may_be_anywhere(tmp_path):
    data = load(tmp_path, "kind,a\nx,1\ny,2\n", label="kind")
    np.testing.assert_array_equal(data.train.x, [[1], [2]])


def test_regression(tmp_path):
    data = load(tmp_path, "a,price\n1,10\n2,20.5\n", label="price", task="regression")
    np.testing.assert_array_equal(data.train.targets, [[10], [20.5]])
    assert (data.classes, data.train.labels, data.outputs) == (None, None, 1)
    with pytest.raises(DataError, match='column "price"'):
        load(tmp_path, "a,price\n1,cheap\n", label="price", task="regression")
