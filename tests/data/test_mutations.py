"""Files with random damage: a DataError that names the file, or data that are whole; and soon."""

import time

import numpy as np
import pytest

from dlab.errors import DataError
from dlab.registry import DATASETS
from tests import mutants

TRIALS = 500


def attempt(entry):
    """The data, or what the DataError says, within two seconds of the processor's time."""
    begun = time.process_time()
    try:
        return entry.load()
    except DataError as error:
        return str(error)
    finally:
        assert time.process_time() - begun < 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", mutants.FORMATS)
def test_random_damage(kind, tmp_path):
    make, name, summed = mutants.FORMATS[kind]
    path, file = make(tmp_path)
    entry = DATASETS[name](path=str(path))
    good, sound, told = entry.load(), file.read_bytes(), 0
    for seed in range(TRIALS):
        file.write_bytes(mutants.file(sound, seed))
        data = attempt(entry)
        if isinstance(data, str):
            told += 1
            assert str(path) in data, seed
            continue
        # A format with a checksum never gives other content; one without it gives sound numbers of the right form.
        assert data.sha256 == good.sha256 if summed and name != "images" else np.isfinite(data.train.x).all(), seed
        assert not (summed and name == "images") or np.array_equal(data.train.x, good.train.x), seed
        assert len(data.train.x) == len(data.train.targets)
    assert told > TRIALS // 4
