"""Small data sets on disk."""

import numpy as np
import pytest

from dlab.data import files, idx

SIZES = (12, 6)


@pytest.fixture
def arrays():
    """Images and labels of a tiny MNIST, in the order of files.PARTS."""
    random = np.random.default_rng(1)
    made = []
    for count in SIZES:
        made += [random.integers(0, 256, (count, 5, 4), np.uint8), np.arange(count, dtype=np.uint8) % 3]
    return made


@pytest.fixture
def four(tmp_path, arrays):
    """A folder with four gzipped IDX files."""
    folder = tmp_path / "four"
    folder.mkdir()
    for part, array in zip(files.PARTS, arrays, strict=True):
        idx.write(folder / part, array)
    return folder
