"""Dropout: loops, the keep rate, and masks that depend on key, sample and element alone."""

import numpy as np
import pytest

from dlab.kernels.dropout import reference as dropout
from tests.kernels.arrays import check_close, numbers, poison
from tests.oracles import dropout as oracle


def apply(x, key=7, ratio=0.5, scale=1.0):
    y = poison(*x.shape)
    dropout.apply(x, y, np.array([key], np.uint32), ratio, scale)()
    return y


def mask(*shape, **options):
    return apply(np.ones(shape), **options)


@pytest.mark.parametrize("key", [0, 1, 2**32 - 1])
def test_mix_is_the_same_with_python_integers(key):
    places = np.array([0, 1, 2, 15, 16, 255, 9215, 2**31, 2**32 - 1], np.uint32)
    found = dropout.mix(np.uint32(key), places[:, None], places)
    assert found.dtype == np.uint32
    assert found.tolist() == [[oracle.mix(key, int(n), int(e)) for e in places] for n in places]


@pytest.mark.parametrize("shape", [(3, 2, 3, 4), (5, 7)])
@pytest.mark.parametrize(("ratio", "scale"), [(0.0, 1.0), (0.2, 1.0), (0.5, 2.0), (0.9, 10.0)])
def test_loops_say_the_same(shape, ratio, scale):
    x = numbers(*shape)
    check_close(apply(x, 12345, ratio, scale), oracle.apply(x, 12345, ratio, scale), 0)


def test_images_and_vectors_share_the_element_order():
    check_close(mask(4, 2, 3, 5).reshape(4, 30), mask(4, 30), 0)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.8])
def test_keep_rate(ratio):
    kept = mask(200, 1000, ratio=ratio)
    tolerance = 5 * np.sqrt(ratio * (1 - ratio))
    assert abs(kept.mean() - (1 - ratio)) < tolerance / np.sqrt(kept.size)
    assert np.all(np.abs(kept.mean(axis=1) - (1 - ratio)) < tolerance / np.sqrt(1000))
    assert np.all(np.abs(kept.mean(axis=0) - (1 - ratio)) < tolerance / np.sqrt(200))


def test_masks_of_samples_elements_and_keys_are_independent():
    kept = mask(64, 4096) - 0.5
    other = mask(64, 4096, key=8) - 0.5
    samples = np.abs(kept @ kept.T / 4096 - np.eye(64) / 4).max()
    neighbours = abs(np.mean(kept[:, 1:] * kept[:, :-1]))
    assert samples < 0.25 * 6 / np.sqrt(4096)
    assert max(neighbours, abs(np.mean(kept * other))) < 0.25 * 5 / np.sqrt(kept.size)


def test_a_sample_keeps_its_mask_in_a_larger_batch():
    check_close(mask(40, 9)[:3], mask(3, 9), 0)


def test_forward_and_backward_share_the_mask_until_the_key_changes():
    x, dy, key = numbers(4, 50), numbers(4, 50, seed=1), np.array([3], np.uint32)
    y, dx = poison(4, 50), poison(4, 50)
    forward, backward = dropout.apply(x, y, key, 0.5, 2.0), dropout.apply(dy, dx, key, 0.5, 2.0)
    forward()
    backward()
    first = y != 0
    check_close(dx, 2 * dy * first, 0)
    key[0] = 4
    forward()
    assert np.any((y != 0) != first)


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5])
def test_weights_drop_by_output_and_input(ratio):
    w = numbers(7, 40)
    kept = poison(7, 40)
    dropout.drop_weights(w, kept, np.array([12345], np.uint32), ratio)()
    check_close(kept, oracle.drop_weights(w, 12345, ratio), 0)


@pytest.mark.parametrize("ratio", [0.1, 0.5])
def test_share_of_dropped_weights(ratio):
    kept = poison(300, 1000)
    dropout.drop_weights(np.ones((300, 1000)), kept, np.array([7], np.uint32), ratio)()
    deviation = np.sqrt(ratio * (1 - ratio))
    assert abs(kept.mean() - (1 - ratio)) < 5 * deviation / np.sqrt(kept.size)
    assert np.all(np.abs(kept.mean(axis=1) - (1 - ratio)) < 5 * deviation / np.sqrt(1000))
    assert np.all(np.abs(kept.mean(axis=0) - (1 - ratio)) < 5 * deviation / np.sqrt(300))


def test_inference_scales():
    x = numbers(3, 4)
    y = poison(3, 4)
    dropout.scale_by(x, y, 0.7)()
    check_close(y, 0.7 * x, 0)
