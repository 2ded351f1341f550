"""The data sets that come with dlab or are known to it."""

import os
from pathlib import Path

import numpy as np
import pytest

from dlab.data import files
from dlab.data.catalogue import available
from dlab.errors import DataError, EnvironmentFault
from dlab.registry import DATASETS

SHARED = os.environ.get("DLAB_DATA", "")
BUILT_IN = ("digits", "gate", "noise", "noise-images", "prices", "spiral", "xor")


def need(name):
    if not SHARED or not (Path(SHARED) / name).is_dir():
        pytest.skip(f"DLAB_DATA has no {name}")


@pytest.mark.parametrize("name", BUILT_IN)
def test_peek_and_counts_agree_with_load(name):
    entry = DATASETS[name]()
    data = entry.load()
    assert entry.peek() == (data.shape, data.outputs) == (data.train.x.shape[1:], data.train.targets.shape[1])
    assert entry.counts() == (len(data.train.x), len(data.test.x))
    assert data.sha256 == entry.load().sha256


def test_digits_have_a_fixed_split():
    data, other = (DATASETS["digits"]().load(seed) for seed in (0, 1))
    assert (len(data.train.x), len(data.test.x), data.shape) == (1438, 359, (1, 8, 8))
    assert data.sha256 == other.sha256
    assert data.train.x.dtype == np.uint8
    assert (data.train.x.min(), data.train.x.max()) == (0, 255)
    assert np.ptp(np.bincount(data.test.labels)) <= 2


@pytest.mark.parametrize("size", [16, 28])
def test_digits_enlarged(size):
    data, small = DATASETS["digits"](size=size).load(), DATASETS["digits"]().load()
    assert data.shape == DATASETS["digits"](size=size).peek()[0] == (1, size, size)
    assert abs(data.train.x.mean() - small.train.x.mean()) < 3


def test_digits_holdout():
    data = DATASETS["digits"](holdout=0.5).load()
    assert len(data.train.x) + len(data.test.x) == 1438


@pytest.mark.parametrize(
    ("entry", "table"),
    [
        (DATASETS["xor"](), [0, 1, 1, 0]),
        (DATASETS["gate"](kind="and"), [0, 0, 0, 1]),
        (DATASETS["gate"](kind="or"), [0, 1, 1, 1]),
        (DATASETS["gate"](kind="nand"), [1, 1, 1, 0]),
    ],
)
def test_truth_tables(entry, table):
    data = entry.load()
    np.testing.assert_array_equal(data.train.x, [[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(data.train.targets[:, 0], table)
    np.testing.assert_array_equal(data.test.targets, data.train.targets)


def test_spiral():
    data = DATASETS["spiral"](normalize="none", samples=50).load(1)
    np.testing.assert_array_equal(np.bincount(data.train.labels), [40] * 3)
    np.testing.assert_array_equal(np.bincount(data.test.labels), [10] * 3)
    assert np.hypot(*data.train.x.T).max() < 1
    assert data.sha256 != DATASETS["spiral"](normalize="none", samples=50).load(2).sha256


def test_noise_is_normal_and_tells_nothing():
    data = DATASETS["noise"](features=50, samples=2000, classes=4).load(1)
    assert (len(data.train.x) + len(data.test.x), data.shape, data.outputs) == (2000, (50,), 4)
    assert abs(len(data.test.x) - 400) <= 2  # a fifth of every class, rounded
    assert (data.train.x.mean(), data.train.x.std()) == pytest.approx((0, 1), abs=0.01)
    assert np.bincount(data.train.labels).min() > 350
    means = [data.train.x[data.train.labels == label].mean(axis=0) for label in range(4)]
    assert np.abs(means).max() < 5 / np.sqrt(350)
    assert data.sha256 != DATASETS["noise"](features=50, samples=2000, classes=4).load(2).sha256


def test_prices_are_nearly_linear():
    data = DATASETS["prices"](normalize="none").load()
    assert (len(data.train.x), len(data.test.x), data.classes) == (400, 100, None)
    wide = np.c_[data.train.x, np.ones(400)]
    found, (rest,), *_ = np.linalg.lstsq(wide, data.train.targets[:, 0])
    np.testing.assert_allclose(found, [0.02, 0.1, -0.01, 0], atol=0.04)
    assert 0.05 < np.sqrt(rest / 400) < 0.15


COUNTS = {
    "mnist": ([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], 980),
    "fashion-mnist": ([6000] * 10, 1000),
}


@pytest.mark.parametrize("name", COUNTS)
def test_four_files(name):
    need(name)
    entry = DATASETS[name](path=str(Path(SHARED) / name), normalize="standard")
    data = entry.load()
    assert data.train.x.shape == (60_000, 1, 28, 28)
    assert data.test.x.shape == (10_000, 1, 28, 28)
    assert entry.counts() == (60_000, 10_000)
    assert entry.peek() == ((1, 28, 28), 10)
    np.testing.assert_array_equal(np.bincount(data.train.labels), COUNTS[name][0])
    assert np.bincount(data.test.labels)[0] == COUNTS[name][1]
    if name == "mnist":  # mean 0.1307 and deviation 0.3081 of the bytes over 255
        assert -data.shift / data.scale / 255 == pytest.approx(0.1307, abs=1e-4)
        assert 1 / data.scale / 255 == pytest.approx(0.3081, abs=1e-4)


@pytest.mark.parametrize("part", files.PARTS)
def test_a_damaged_copy_names_the_file(tmp_path, part):
    need("mnist")
    for other in files.PARTS:
        (tmp_path / other).symlink_to((Path(SHARED) / "mnist" / other).resolve())
    raw = bytearray((tmp_path / part).read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / part).unlink()
    (tmp_path / part).write_bytes(raw)
    with pytest.raises(DataError, match=f"{tmp_path / part}: damaged.*dlab data fetch mnist"):
        DATASETS["mnist"](path=str(tmp_path)).load()


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An empty cache and no DLAB_DATA."""
    monkeypatch.delenv("DLAB_DATA", raising=False)
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "cache")


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("act", ["load", "peek", "counts"])
def test_not_found_names_the_ways_out(nowhere, name, act):
    with pytest.raises(DataError) as caught:
        getattr(DATASETS[name](), act)()
    for way in (f"dlab data fetch {name}", "DLAB_DATA", "data.name=digits", "cache"):
        assert way in str(caught.value)


def test_catalogue(nowhere, four, monkeypatch):
    rows = {row.name: row for row in available()}
    assert list(rows) == DATASETS.names()
    assert rows["digits"][1:] == ("built in", (1, 8, 8), 1438, 359)
    assert rows["xor"][1:] == ("built in", (2,), 4, 4)
    assert rows["mnist"][1:] == rows["csv"][1:] == (None, "", "", "")
    four.rename(four.parent / "mnist")
    monkeypatch.setenv("DLAB_DATA", str(four.parent))
    assert available()[DATASETS.names().index("mnist")][1:] == (str(four.parent / "mnist"), (1, 5, 4), 12, 6)
    (four.parent / "mnist" / files.PARTS[2]).write_bytes(b"")
    assert available()[DATASETS.names().index("mnist")][2:] == ("", "", "")


def test_a_set_that_the_seed_decides_says_so():
    """Whoever keeps a loaded set relies on it."""
    for name in ("digits", "xor", "spiral", "prices", "noise"):
        for options in ({}, {"holdout": 0.3}, {"validation": 0.2}):
            if name == "xor" and options:
                continue
            made = DATASETS[name](**options)
            assert made.seeded == (made.load(1).sha256 != made.load(2).sha256)


def test_images_of_noise_are_bytes_of_the_wanted_size_and_follow_the_seed():
    noise = DATASETS["noise-images"](channels=2, size=9, samples=23, classes=1000)
    data, same, other = (noise.load(seed) for seed in (4, 4, 5))
    assert noise.peek() == ((2, 9, 9), 1000) == (data.shape, data.outputs)
    assert noise.counts() == (18, 5) == (len(data.train.x), len(data.test.x))
    assert data.train.x.dtype == np.uint8
    assert data.sha256 == same.sha256 != other.sha256
    assert not np.array_equal(data.train.x[:5], data.test.x)


def test_more_noise_than_memory_is_refused_with_the_numbers():
    with pytest.raises(
        EnvironmentFault, match=r"1,000,000,000 samples of 3x2240x2240 numbers take 30,105,600\.0 GB.*are free"
    ):
        DATASETS["noise-images"](samples=10**9, size=2240).load()
