"""Arrays in .npz files: what is read, and what is refused."""

import io
import zipfile

import numpy as np
import pytest

from dlab.errors import DataError
from dlab.registry import DATASETS

X, Y = np.arange(24, dtype=np.uint8).reshape(4, 3, 2), np.array([0, 1, 2, 1])


def save(tmp_path, **arrays):
    path = tmp_path / "own.npz"
    np.savez(path, **arrays)
    return path


def load(path, **options):
    return DATASETS["npz"](path=str(path), **options).load()


def with_row(row, column, value):
    x = np.ones((4, 2), np.float32)
    x[row, column] = value
    return x


REFUSED = {
    "nothing": ({}, "no arrays"),
    "no y": ({"x": X}, "has x. Wanted"),
    "no y_train": ({"x_train": X, "y": Y}, "has x_train, y. Wanted"),
    "half a test split": ({"x_train": X, "y_train": Y, "x_test": X}, "x_test, but not"),
    "objects": ({"x": X, "y": np.array([1, "a", None, 2], object)}, "Python objects"),
    "lengths": ({"x": X, "y": Y[:3]}, "4 samples in x, 3 in y"),
    "empty": ({"x": X[:0], "y": Y[:0]}, "0 samples"),
    "a label of -1": ({"x": X, "y": np.array([0, 1, -1, 1])}, "label -1 in row 2"),
    "only -1": ({"x": X, "y": -np.ones(4, int)}, "label -1 in row 0"),
    "a huge label": ({"x": X, "y": np.array([0, 1, 2, 10**12])}, "too large"),
    "nan": ({"x": with_row(2, 1, np.nan), "y": Y}, "row 2 .*not finite"),
    "infinity": ({"x": with_row(3, 0, np.inf), "y": Y}, "row 3 .*not finite"),
    "nan in y": ({"x": X, "y": np.array([0, np.nan, 1, 2])}, "row 1 .*not finite"),
    "words": ({"x": np.array([["a"], ["b"]]), "y": Y[:2]}, "Wanted: numbers"),
    "one axis": ({"x": np.ones(4), "y": Y}, "1 axes"),
    "a lone number": ({"x": X, "y": np.array(3)}, "0 axes"),
    "other test shape": ({"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y}, "of test samples"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_file_and_reason(tmp_path, case):
    arrays, said = REFUSED[case]
    path = save(tmp_path, **arrays)
    with pytest.raises(DataError, match=f"{path}.*{said}"):
        load(path)


@pytest.mark.parametrize("keep", [0, 1, 30, 200, -30, -1])
def test_cut_file(tmp_path, keep):
    path = save(tmp_path, x=X, y=Y)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=str(path)):
        load(path)


@pytest.mark.parametrize("shape", ["(9999999, 3, 2)", "(4, 3, 1)", "(-4, 3, 2)", "(4.0, 3, 2)"])
def test_header_that_lies(tmp_path, shape):
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    path = save(tmp_path, y=Y)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("x.npy", b"\x93NUMPY\x01\x00" + bytes([118, 0]) + text.encode() + X.tobytes())
    with pytest.raises(DataError, match=str(path)):
        load(path)


def test_only_what_is_wanted_is_loaded(tmp_path):
    path = save(tmp_path, x=X, y=Y, other=np.array([None], object))
    np.testing.assert_array_equal(load(path).train.x[:, 0], X)


def test_html_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"x\.npz: not a sound"):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize("save_as", [np.savez, np.savez_compressed])
def test_both_splits(tmp_path, save_as):
    file = io.BytesIO()
    save_as(file, x_train=X, y_train=Y, x_test=X[:2], y_test=Y[:2])
    (tmp_path / "x.npz").write_bytes(file.getvalue())
    data = load(tmp_path / "x.npz")
    assert (data.shape, data.outputs, data.classes) == ((1, 3, 2), 3, ("0", "1", "2"))
    assert data.train.x.dtype == np.uint8
    np.testing.assert_array_equal(data.test.labels, Y[:2])
    np.testing.assert_array_equal(data.train.targets, np.eye(3)[Y])


@pytest.mark.parametrize(("x", "shape"), [(X.reshape(4, 6), (6,)), (X[:, None], (1, 3, 2)), (X / 7, (1, 3, 2))])
def test_vectors_and_images(tmp_path, x, shape):
    assert load(save(tmp_path, x=x, y=Y)).shape == shape


@pytest.mark.parametrize("y", [Y / 2, np.ones((4, 2))])
def test_other_numbers_are_targets(tmp_path, y):
    data = load(save(tmp_path, x=X, y=y))
    assert data.classes is None
    np.testing.assert_array_equal(data.train.targets, y.reshape(4, -1).astype(np.float32))
