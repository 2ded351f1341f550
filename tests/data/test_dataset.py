"""What all data sets share: normalisation, limits, splits."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

from dlab.data.dataset import DataSet, classified, fingerprint, hold_out
from dlab.data.samples import Samples
from dlab.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Plain(DataSet):
    """A set of arrays made here."""

    type_name = "plain"


def split(x):
    return classified(np.asarray(x), np.zeros(len(x), int), 2, "here")


def finish(train, test=None, **options):
    return Plain(**options).finish(split(train), None if test is None else split(test), None)


BYTES = np.random.default_rng(0).integers(0, 200, (50, 1, 4, 3), np.uint8)
FLOATS = np.random.default_rng(1).normal(5, [1, 10, 100], (50, 3)).astype(np.float32)


@pytest.mark.parametrize("normalize", ["none", "unit", "standard"])
def test_bytes_stay_bytes(normalize):
    data = finish(BYTES, BYTES + 50, normalize=normalize)
    assert data.train.x.dtype == data.test.x.dtype == np.uint8
    np.testing.assert_array_equal(data.train.x, BYTES)
    seen = BYTES * data.scale + data.shift
    if normalize == "none":
        np.testing.assert_array_equal(seen, BYTES)
    elif normalize == "unit":
        np.testing.assert_allclose(seen, BYTES / 255)
    else:
        np.testing.assert_allclose([seen.mean(), seen.std()], [0, 1], atol=1e-6)


@pytest.mark.parametrize("normalize", ["none", "unit", "standard"])
def test_numbers_by_column_of_the_training_split(normalize):
    data = finish(FLOATS, FLOATS + 1000, normalize=normalize)
    x = data.train.x
    assert (x.dtype, data.scale, data.shift) == (np.float32, 1.0, 0.0)
    if normalize == "none":
        np.testing.assert_array_equal(x, FLOATS)
    elif normalize == "unit":
        np.testing.assert_allclose([x.min(0), x.max(0)], [[0] * 3, [1] * 3], atol=1e-6)
    else:
        np.testing.assert_allclose([x.mean(0), x.std(0)], [[0] * 3, [1] * 3], atol=1e-5)
    slope = (x[1] - x[0]) / (FLOATS[1] - FLOATS[0])  # the test split gets the same map
    np.testing.assert_allclose(data.test.x - x, np.broadcast_to(1000 * slope, x.shape), rtol=1e-3)


@pytest.mark.parametrize("normalize", ["unit", "standard"])
@pytest.mark.parametrize("value", [0, 7, 1e-30, 1e30])
def test_constant_columns_become_zero(normalize, value):
    x = np.full((5, 2), value, np.float32)
    x[:, 1] = range(5)
    np.testing.assert_allclose(finish(x, normalize=normalize).train.x[:, 0], 0, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-25, 1e-13, 1.0, 1e13, 1e30])
def test_tiny_columns_are_not_constant(scale):
    x = (np.arange(6.0).reshape(6, 1) * scale).astype(np.float32)
    np.testing.assert_allclose(finish(x, normalize="standard").train.x.std(), 1, rtol=1e-5)


def test_constant_bytes():
    data = finish(np.full((5, 1, 2, 2), 77, np.uint8), normalize="standard")
    assert 77 * data.scale + data.shift == 0


def test_standard_of_bytes_needs_little_memory():
    x = np.zeros((20_000, 1, 28, 28), np.uint8)
    x[::2] = 3
    tracemalloc.start()
    scaling = Plain(normalize="standard")._byte_scaling(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scaling == pytest.approx((1 / 1.5, -1))
    assert peak < 60e6


@pytest.mark.parametrize(("limits", "sizes"), [({}, (50, 50)), ({"train_limit": 9, "test_limit": 99}, (9, 50))])
def test_limits_keep_the_first(limits, sizes):
    data = finish(BYTES, BYTES, **limits)
    assert (len(data.train.x), len(data.test.x)) == sizes
    np.testing.assert_array_equal(data.train.x, BYTES[: sizes[0]])


def numbered(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    return classified(np.arange(len(labels), dtype=np.float32)[:, None], labels, len(counts), "here")


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_hold_out_keeps_the_shares_of_classes(share):
    whole = numbered((40, 80, 4))
    train, test = hold_out(whole, share, 3)
    np.testing.assert_array_equal(np.sort(np.concatenate([train.x, test.x]), axis=0), whole.x)
    np.testing.assert_array_equal(np.bincount(test.labels), [max(1, round(share * n)) for n in (40, 80, 4)])
    np.testing.assert_array_equal(hold_out(whole, share, 3)[1].x, test.x)
    assert not np.array_equal(hold_out(whole, share, 4)[1].x, test.x)


def test_hold_out_leaves_something_to_train_with():
    with pytest.raises(DataError, match="holdout"):
        hold_out(numbered((1, 1)), 0.5, 0)


def test_holdout_only_where_there_is_no_test_split():
    whole = numbered((10, 10))
    made = Plain(holdout=0.2).finish(whole, None, None)
    assert (len(made.train.x), len(made.test.x)) == (16, 4)
    assert len(Plain(holdout=0.2).finish(whole, whole, None).train.x) == 20
    assert Plain().finish(whole, None, None).test is None


@pytest.mark.parametrize("label", [-1, 3])
def test_label_out_of_range_is_named(label):
    with pytest.raises(DataError, match=f"here: label {label} in row 1. Allowed: 0 to 2"):
        classified(np.zeros((2, 1)), np.array([0, label]), 3, "here")


def test_fingerprint_sees_every_change():
    a = numbered((3, 3))
    b = Samples(a.x + 1, a.labels, a.targets)
    c = Samples(a.x.reshape(-1), a.labels, a.targets)
    assert len({fingerprint(*splits) for splits in [(a, None), (a, a), (b, None), (c, None)]}) == 4
    assert fingerprint(a, None) == fingerprint(numbered((3, 3)), None)


def test_splits_of_different_shapes():
    with pytest.raises(DataError, match="plain: x of training samples"):
        finish(BYTES, BYTES[:, :, :2])
    with pytest.raises(DataError, match="without"):
        finish(BYTES[:0])


def test_a_validation_split_comes_from_the_training_split():
    labels = np.repeat([0, 1], [40, 10])
    train = classified(np.arange(50, dtype=np.uint8).reshape(50, 1), labels, 2, "here")
    plain, kept = (Plain(validation=share).finish(train, split(BYTES[:5, 0, 0, :1]), None, 3) for share in (None, 0.2))
    assert plain.validation is None
    assert plain.sha256 != kept.sha256
    assert np.bincount(kept.validation.labels).tolist() == [8, 2]
    everything = np.concatenate([kept.train.x, kept.validation.x]).ravel()
    assert sorted(everything) == list(range(50))
    assert len(kept.test.x) == 5
    limited = Plain(validation=0.2, train_limit=20).finish(train, None, None)
    assert (len(limited.train.x), len(limited.validation.x)) == (16, 4)
    with pytest.raises(DataError, match=r"data.validation: 0.99 leaves no sample"):
        Plain(validation=0.99).finish(train, None, None)


@pytest.mark.parametrize("normalize", ["unit", "standard"])
def test_a_validation_split_is_scaled_by_the_training_split_alone(normalize):
    raw, data = (finish(FLOATS, None, normalize=how, validation=0.3) for how in ("none", normalize))
    x = raw.train.x.astype(float)
    base, width = (x.min(0), np.ptp(x, 0)) if normalize == "unit" else (x.mean(0), x.std(0))
    np.testing.assert_allclose(data.validation.x, (raw.validation.x - base) / width, rtol=1e-4, atol=1e-5)
