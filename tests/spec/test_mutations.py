"""Damaged specs are refused with SpecError and nothing else, and soon."""

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlab.errors import SpecError
from dlab.spec import load
from tests.spec.test_spec import FULL, GOOD

PIECES = (
    *(
        "!!int ",
        "!!timestamp ",
        "!!float ",
        "!foo ",
        "&a ",
        "*a",
        "<<: ",
        "? ",
        "- ",
        ": ",
        "\t",
        "\r",
        "\x85",
        "\u2028",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "|",
        ">",
        "'",
        '"',
        "%",
        "@",
        "`",
        "#",
        "---\n",
        "...\n",
        "\ufeff",
        "\x00",
        "\xe9",
        "\\ud800",
    ),
    *(
        "9" * 5000,
        "1e999",
        ".inf",
        ".nan",
        "null",
        "no",
        "012",
        "1:30",
        "2024-99-99",
        "~",
        "[" * 100,
        "{a: " * 50,
        "\n",
        " ",
    ),
    *("model", "layers", "type", "preset", "name", "optimizer", "compare", "variants", "-1", "true", "relu", "=", "<"),
)


def mutant(seed: int) -> bytes:
    """The full spec with a few pieces put in, taken out, or doubled."""
    rng = random.Random(seed)
    text = FULL
    for _ in range(rng.randint(1, 4)):
        a, b = sorted(rng.choices(range(len(text) + 1), k=2))
        b = min(b, a + 40)
        text = rng.choice((
            text[:a] + rng.choice(PIECES) + text[a:],
            text[:a] + text[b:],
            text[:a] + rng.choice(PIECES) + text[b:],
            text[:b] + text[a:],
        ))  # fmt: skip
    data = text.encode("utf-8")
    return data if rng.random() < 0.9 else data.replace(b"\xc3", b"")


def refused_or_read(source: str, *overrides: str) -> str:
    """What was said: "fine", or the faults, in words that may be printed, within two seconds."""
    start = time.monotonic()
    try:
        load(source, overrides)
        told = "fine"
    except SpecError as error:
        told = str(error)
    assert told
    assert all(map(str.isprintable, told.split("\n")))
    assert time.monotonic() - start < 2
    return told


@pytest.mark.parametrize("hundred", range(5))
def test_mutants(write: Callable, hundred: int):
    told = [refused_or_read(write(mutant(seed))) for seed in range(hundred * 100, hundred * 100 + 100)]
    assert len(set(told)) > 10, "most mutants must break something, in many ways"


VALUES = st.one_of(st.text(max_size=20), st.sampled_from(PIECES), st.integers().map(str), st.floats().map(str))
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
