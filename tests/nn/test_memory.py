"""Places in memory: nothing in use is overwritten, and margins of zeros stay zero."""

from itertools import pairwise

import numpy as np
import pytest

from dlab.kernels import jit, memory
from dlab.nn.memory import Draft, Need, Pool, place

BYTE = np.dtype(np.uint8)


def need(size, first, last):
    return Need("activations", (size,), BYTE, first, last)


def test_a_chain_needs_the_two_largest_neighbours():
    chain = [need(64 * n, at, at + 1) for at, n in enumerate([5, 3, 1, 2])]
    starts = place(chain, [one.size for one in chain])
    assert max(start + one.size for start, one in zip(starts, chain, strict=True)) == 64 * 8


def test_what_is_in_use_together_lies_apart():
    random = np.random.default_rng(0)
    for _ in range(200):
        firsts = random.integers(0, 10, 12)
        needs = [need(int(size), int(at), int(at + random.integers(0, 5)))
                 for at, size in zip(firsts, random.integers(1, 2000, 12), strict=True)]  # fmt: skip
        starts = place(needs, [one.size for one in needs])
        spans = [(start, start + one.size) for start, one in zip(starts, needs, strict=True)]
        loads = []
        for moment in range(16):
            used = sorted(s for s, one in zip(spans, needs, strict=True) if one.first <= moment <= one.last)
            assert all(a[1] <= b[0] for a, b in pairwise(used))
            loads.append(sum(stop - start for start, stop in used))
        assert max(loads) <= max(stop for _, stop in spans) <= 1.5 * max(loads)


def ask(lives):
    """What a plan would do: ask for arrays, (first, last, shape, form) each, and for a workspace at moment 9."""
    source = memory.source()
    found = []
    for first, last, shape, form in lives:
        source.live("activations", first, last)
        found.append(source.zeros(shape, np.float32, form))
    source.live("activations", 9, 9)
    return [*found, *source.workspace([(5, 16), (3, 16)])]


def lent(*plans):
    makes = [lambda lives=lives: ask(lives) for lives in plans]
    drafts = [Draft(make) for make in makes]
    pool = Pool(drafts)
    return pool, [pool.make(draft, make) for draft, make in zip(drafts, makes, strict=True)]


def test_margins_are_shared_with_their_own_form_only():
    padded, larger, other = (2, 3, 9, 16), (4, 3, 9, 16), (2, 3, 9, 16)
    one = [(0, 1, padded, "a"), (2, 3, padded, "a"), (2, 3, other, "b"), (1, 4, (7, 16), None)]
    two = [(0, 1, larger, "a"), (1, 2, larger, "a"), (3, 4, (2, 16), None)]
    pool, ((a, later, b, plain, *_), (c, d, free, *_)) = lent(one, two)
    assert np.shares_memory(a, later)
    assert np.shares_memory(a, c)  # another plan, more of the same planes
    assert not any(np.shares_memory(a, x) for x in (b, plain, d, free))
    assert not np.shares_memory(c, d)  # both in use at moment 1
    assert np.shares_memory(plain, free)
    assert pool.size == 4 * (2 * 4 * 3 * 9 * 16 + 2 * 3 * 9 * 16 + 8 * 16)
    assert not any(x.any() for x in (a, b, c, d))


def test_workspaces_of_one_call_lie_apart_and_start_on_lines():
    _, [(lasting, first, second)] = lent([(9, 9, (4, 16), None)])
    assert not any(np.shares_memory(a, b) for a, b in ((lasting, first), (lasting, second), (first, second)))
    assert all(array.ctypes.data % memory.LINE == 0 for array in (lasting, first, second))


def test_measuring_takes_no_memory_and_makes_no_kernels():
    made = []
    factory = jit.factory(lambda size: made.append(size) or size)

    def make():
        huge = memory.source().zeros((10**6, 10**6), np.float32, None)
        with pytest.raises(ValueError, match="read-only"):
            huge[0, 0] = 1
        kernel = factory(3)
        with pytest.raises(RuntimeError, match="only measures"):
            kernel()

    assert Draft(make).needs[0].size == 4 * 10**12
    assert made == []
    assert factory(3) == 3
    assert made == [3]
