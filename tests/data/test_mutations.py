"""Files with random damage: a DataError, or data that are whole."""

import random
import shutil

import numpy as np
import pytest

from dlab.data import files, idx
from dlab.errors import DataError
from dlab.registry import DATASETS

TRIALS = 60
X = np.random.default_rng(0).integers(0, 256, (5, 3, 2), np.uint8)


def mutate(raw, seed):
    """One of: flip, overwrite, cut, insert, repeat."""
    chance, raw = random.Random(seed), bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        at, byte = chance.randrange(len(raw) or 1), chance.randrange(256)
        kind = chance.randrange(5)
        if kind < 2 and raw:
            raw[at] = raw[at] ^ 1 << byte % 8 if kind else byte
        elif kind == 2:
            del raw[at : at + chance.randint(1, 9)]
        elif kind == 3:
            raw[at:at] = bytes([byte])
        else:
            raw[at:at] = raw[at : at + 20]
    return bytes(raw)


@pytest.fixture
def sound(request, tmp_path, four):
    """(path of the set, file to damage) of one format."""
    kind = request.param
    if "npz" in kind:
        save = np.savez if kind == "stored npz" else np.savez_compressed
        save(tmp_path / "x.npz", x=X, y=np.arange(5))
        return tmp_path / "x.npz", tmp_path / "x.npz"
    if kind == "csv":
        rows = [f"{i}.5,{i * i},{'ab'[i % 2]}" for i in range(9)]
        (tmp_path / "x.csv").write_text("\n".join(["one,two,label", *rows, ""]))
        return tmp_path / "x.csv", tmp_path / "x.csv"
    if kind == "idx":
        packed = four / files.PARTS[0]
        idx.write(four / packed.stem, idx.read(packed))
        packed.unlink()
        return four, four / packed.stem
    return four, four / files.PARTS[0]


def attempt(entry):
    """The data, or what the DataError says."""
    try:
        return entry.load()
    except DataError as error:
        return str(error)


KINDS = [("idx", 0), ("idx.gz", 1), ("npz", 1), ("stored npz", 1), ("csv", 0)]


@pytest.mark.parametrize(("sound", "summed"), KINDS, indirect=["sound"])
def test_random_damage(sound, summed, tmp_path):
    path, file = sound
    entry = DATASETS["idx" if path.is_dir() else path.suffix[1:]](path=str(path))
    good, kept = entry.load(), shutil.copy(file, tmp_path / "kept")
    told = 0
    for seed in range(TRIALS):
        file.write_bytes(mutate(kept.read_bytes(), seed))
        data = attempt(entry)
        if isinstance(data, str):
            told += 1
            assert str(path) in data
            continue
        # A format with a checksum never gives other content; one without it gives sound numbers of the right form.
        assert data.sha256 == good.sha256 if summed else np.isfinite(data.train.x).all()
        assert len(data.train.x) == len(data.train.targets)
    assert told > TRIALS // 4
