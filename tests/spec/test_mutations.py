"""Damaged specs are refused with SpecError and nothing else, and soon."""

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlab.errors import SpecError
from dlab.spec.reading import read
from tests import mutants
from tests.spec.specs import FULL, GOOD


def refused_or_read(source: str, *overrides: str) -> str:
    """What was said: "fine", or the faults, in words that may be printed, within two seconds of the processor's."""
    start = time.process_time()
    try:
        read(source, overrides)
        told = "fine"
    except SpecError as error:
        told = str(error)
    assert told
    assert all(map(str.isprintable, told.split("\n")))
    assert time.process_time() - start < 2
    return told


DEMONSTRATIONS = """\
name: demo
gabor: {image: {name: digit, index: 3}, f: 0.25, size: 9}
filters:
  image: flower
  filters: [sobel, {name: mean, size: 5, pad: 0}, {name: kernel, rows: [[1, 2], [3, 4]]}]
  stride: 1
bank: {orientations: 4, frequencies: [0.5, 1.0]}
cells:
threads: 2
"""


@pytest.mark.parametrize("hundred", range(20))
def test_mutants(write: Callable, hundred: int):
    base = DEMONSTRATIONS if hundred % 4 == 3 else FULL
    told = [refused_or_read(write(mutants.spec(base, seed))) for seed in range(hundred * 100, hundred * 100 + 100)]
    assert len(set(told)) > 10, "most mutants must break something, in many ways"


VALUES = st.one_of(st.text(max_size=20), st.sampled_from(mutants.PIECES), st.integers().map(str), st.floats().map(str))
KEYS = st.sampled_from(
    ("train", "model", "optimizer.lr", "model.layers.1", "model.init", "compare.variants", "data", "", "x.0")
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=KEYS, value=VALUES)
def test_any_override(write: Callable, key: str, value: str):
    refused_or_read(write(FULL), f"{key}={value}")


LARGE = (
    GOOD + "name: " + "a" * 250_000,
    *("#" * 250_000, "a: " * 80_000, "[]" * 100_000, "- " * 100_000, '"' * 200_000, "? " * 100_000),
    *("a:\n" * 60_000, "\n" * 250_000, "{" * 100_000, "x: {y: [" + "1, " * 80_000, "! " * 100_000),
)


@pytest.mark.parametrize("text", LARGE, ids=lambda text: text[-12:])
def test_large_files_are_refused_soon(write: Callable, text: str):
    assert refused_or_read(write(text)) != "fine"
