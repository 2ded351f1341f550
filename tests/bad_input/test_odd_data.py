"""Data that look odd and are not wrong."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.bad_input.making import (
    X,
    Y,
    pets,
)

KINDS = {  # what is read, and as which numbers
    "big-endian": (X.astype(">i4"), Y),
    "bool": (X > 20, Y),
    "int64": (X.astype(np.int64), Y),
    "float16": (X.astype(np.float16), Y),
    "Fortran order": (np.asfortranarray(X), Y),
    "bool labels": (X, Y > 0),
    "big-endian labels": (X, Y.astype(">u2")),
    "not contiguous": (np.repeat(X, 2, axis=0)[::2], Y),
}


@pytest.mark.parametrize(("x", "y"), KINDS.values(), ids=KINDS)
def test_numbers_of_any_kind_are_the_same_numbers(tmp_path, x, y):
    from dlab.registry import DATASETS

    np.savez(tmp_path / "own", x=x, y=y)
    found = DATASETS["npz"](path=str(tmp_path / "own.npz"), normalize="none").load().train
    np.testing.assert_array_equal(found.x[:, 0], x.astype(np.float32))
    np.testing.assert_array_equal(found.labels, y.astype(int))


def test_a_constant_column_becomes_zero(tmp_path):
    from dlab.registry import DATASETS

    (tmp_path / "own.csv").write_text("a,b,label\n5,1,x\n5,2,y\n5,3,x\n")
    for normalize in ("unit", "standard"):
        x = DATASETS["csv"](path=str(tmp_path / "own.csv"), normalize=normalize).load().train.x
        assert (x[:, 0] == 0).all()
        assert np.isfinite(x).all()


def test_a_link_out_of_the_folder_is_read_like_any_image(tmp_path, monkeypatch):
    from dlab.registry import DATASETS

    monkeypatch.chdir(tmp_path)
    pets()
    Path("own/dog/a.png").rename("elsewhere.png")
    os.symlink(Path("elsewhere.png").absolute(), "own/dog/a.png")
    assert len(DATASETS["images"](path="own").load().train.x) == 3
