"""Rows and arrays come back from disk as they went."""

import numpy as np
import pytest

from dlab.errors import DataError
from dlab.results.findings import Findings, load, save


def test_numbers_read_back_to_the_same_bits(tmp_path):
    rows = [{"name": "a, b", "x": 0.1 + 0.2, "n": 3}, {"name": 'say "c"', "x": -1e-300, "n": -1}]
    arrays = {"y": np.random.default_rng(0).normal(size=(2, 3)), "z": np.array([1 + 2j])}
    save(tmp_path, "one", Findings(rows, arrays))
    found = load(tmp_path, "one")
    assert found.rows == rows
    assert all(np.array_equal(found.arrays[name], arrays[name]) for name in arrays)


def test_the_same_findings_are_the_same_bytes(tmp_path):
    found = Findings([{"x": np.float32(0.1)}], {"y": np.arange(3.0)})
    for name in ("one", "two"):
        save(tmp_path, name, found)
    for kind in ("csv", "npz"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()


def test_a_table_alone_has_no_arrays(tmp_path):
    save(tmp_path, "one", Findings([{"x": 1}]))
    assert load(tmp_path, "one") == Findings([{"x": 1}], {})


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"\xff\n\xff")])
def test_what_cannot_be_read_is_told(tmp_path, damage):
    save(tmp_path, "one", Findings([{"x": 1}]))
    damage(tmp_path / "one.csv")
    with pytest.raises(DataError, match=r"one\.csv"):
        load(tmp_path, "one")
