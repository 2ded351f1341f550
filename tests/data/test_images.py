"""Folders of images: one subfolder a class."""

import numpy as np
import pytest
from PIL import Image

from dlab.errors import DataError
from dlab.registry import DATASETS


def paint(path, value=9, size=(4, 3), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 255)).save(path)
    return path


@pytest.fixture
def pets(tmp_path):
    """Two classes, three images."""
    paint(tmp_path / "dog" / "b.png", 2)
    paint(tmp_path / "cat" / "a.png", 1)
    paint(tmp_path / "dog" / "a.png", 3)
    return tmp_path


def load(folder, **options):
    return DATASETS["images"](path=str(folder), **options).load()


def test_classes_and_order(pets):
    data = load(pets)
    assert (data.classes, data.shape, data.outputs) == (("cat", "dog"), (1, 3, 4), 2)
    np.testing.assert_array_equal(data.train.x[:, 0, 0, 0], [1, 3, 2])
    np.testing.assert_array_equal(data.train.labels, [0, 1, 1])
    assert data.train.x.dtype == np.uint8


def test_colour_and_size(tmp_path):
    for name in ("cat", "dog"):
        paint(tmp_path / name / "a.png", 5, (6, 6), "RGB")
    data = load(tmp_path, size=2)
    assert data.shape == (3, 2, 2)
    np.testing.assert_array_equal(data.train.x[0, :, 0, 0], [5, 0, 255])


def test_train_and_test_folders(tmp_path):
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            paint(tmp_path / split / name / "a.png")
    data = load(tmp_path)
    assert (len(data.train.x), len(data.test.x)) == (2, 2)
    paint(tmp_path / "test" / "cat" / "a.png", size=(5, 5))
    paint(tmp_path / "test" / "dog" / "a.png", size=(5, 5))
    with pytest.raises(DataError, match="test images"):
        load(tmp_path)


def test_hidden_and_other_files_are_ignored(pets):
    paint(pets / ".cache" / "a.png")
    (pets / "cat" / "._a.png").write_bytes(b"junk")
    (pets / "cat" / "notes.txt").write_text("junk")
    (pets / "readme.md").write_text("junk")
    assert len(load(pets).train.x) == 3


def cut(path):
    path.write_bytes(path.read_bytes()[:40])


FAULTS = {
    "size mismatch": (lambda pets: paint(pets / "dog" / "z.png", size=(5, 3)), "z.png: is"),
    "cut png": (lambda pets: cut(pets / "dog" / "a.png"), "a.png: not a sound image"),
    "html": (lambda pets: (pets / "dog" / "a.png").write_text("<html>"), "a.png: not a sound image"),
    "empty file": (lambda pets: (pets / "dog" / "a.png").write_bytes(b""), "a.png: not a sound image"),
    "empty class": (lambda pets: (pets / "emu").mkdir(), "emu: no images"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_name_the_file(pets, case):
    spoil, said = FAULTS[case]
    spoil(pets)
    with pytest.raises(DataError) as caught:
        load(pets)
    assert said in str(caught.value)


def test_one_class_is_too_few(tmp_path):
    paint(tmp_path / "cat" / "a.png")
    with pytest.raises(DataError, match="two or more classes, found 1"):
        load(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(DataError, match="x"):
        load(tmp_path / "x")
