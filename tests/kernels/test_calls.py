"""Many kernels in one parallel region: the same results as one after another, for any number of threads."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numba import types

from dlab import kernels, machine
from dlab.kernels import calls
from dlab.kernels.calls import Bound, Calls, Together, joined
from dlab.kernels.jit import floats, kernel
from dlab.kernels.tasks import tasks
from dlab.kernels.workers import alone

SIZE = 97
FLAT = types.Array(types.float32, 1, "C")


@kernel(FLAT, FLAT)
def turn_round(worker, x, y):
    """y = x from end to start, plus 1: every worker reads what others have written."""
    for task in tasks(worker, y.size):
        source, target = x[y.size - 1 - task :], y[task:]  # parts of arrays, whose uses Numba counts
        target[0] = source[0] + np.float32(1)


@kernel(floats(1), floats(1), types.float32, writes="y")
def scale(worker, x, y, factor):
    for task in tasks(worker, y.size):
        y[task] = factor * x[task]


def chain(length):
    """Calls that each need all of the one before, and the last of their arrays."""
    arrays = [np.arange(SIZE, dtype=np.float32), *np.full((length, SIZE), np.nan, np.float32)]
    links = [Bound(turn_round, *pair) for pair in pairwise(arrays)]
    links[2] = Calls(Bound(alone(turn_round), *links[2].arguments), Bound(alone(scale), arrays[3], arrays[3], 0.5))
    return links, arrays[-1]


@pytest.fixture
def one_thread():
    yield
    kernels.set_threads(1)
    calls.side_by_side.cache_clear()


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_every_call_sees_all_of_the_one_before(threads, one_thread, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 7)
    calls.side_by_side.cache_clear()
    links, wanted = chain(9)
    for link in links:
        link()
    links, found = chain(9)
    kernels.set_threads(threads)
    [together] = joined(links)
    for _ in range(50):
        found[:] = np.nan
        together()
        assert np.array_equal(found, wanted)


def test_calls_that_share_nothing_that_changes_are_one_round():
    x, y, z = np.ones((3, SIZE), np.float32)
    a, b, c = (Bound(scale, *arrays, 2.0) for arrays in ((x, y), (x, z), (y[:50], x[:50])))
    assert Together([a, b, c]).rounds == [[a, b], [c]]  # c reads what a writes, and writes what b reads
    assert Together([c, b, a]).rounds == [[c], [b, a]]


def test_a_call_follows_all_that_are_far_before_it(monkeypatch):
    monkeypatch.setattr(calls, "LOOK_BACK", 2)
    arrays = np.ones((5, SIZE), np.float32)
    links = [Bound(scale, arrays[0], y, 2.0) for y in (*arrays[1:], arrays[1])]
    assert [len(calls_) for calls_ in Together(links).rounds] == [3, 2]


def test_calls_of_one_thread_keep_their_order_and_come_first_in_their_round():
    x, y, z = np.ones((3, SIZE), np.float32)
    others = Bound(scale, x, y, 2.0)
    first, second = (Bound(alone(scale), *arrays, 2.0) for arrays in ((x, z), (z, z)))
    assert Together([others, first, second]).rounds == [[first, second, others]]
    assert Together([first, others, Bound(scale, z, x, 1.0)]).rounds[0] == [first, others]


def test_a_kernel_that_does_not_say_what_it_writes_has_a_round_for_itself():
    x, y, z = np.ones((3, SIZE), np.float32)
    calls_ = [Bound(scale, x, y, 1.0), Bound(turn_round, x, z), Bound(scale, x, y, 1.0)]
    assert [len(calls) for calls in Together(calls_).rounds] == [1, 1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_rounds_give_what_one_call_after_another_gives(seed, one_thread, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 7)
    calls.side_by_side.cache_clear()
    random = np.random.default_rng(seed)
    one = np.arange(1, 126, dtype=np.float32).reshape(5, 25)
    many = one.copy()
    sequence, rounds = [], []
    for _ in range(40):
        run = alone(scale) if random.random() < 0.3 else scale
        (source, target), (start, after) = random.permutation(5)[:2], sorted(random.permutation(26)[:2])
        for memory, calls_ in ((one, sequence), (many, rounds)):
            calls_.append(Bound(run, memory[source, start:after], memory[target, start:after], 1.5))
    for call in sequence:
        call()
    kernels.set_threads(2)
    together = Together(rounds)
    together()
    assert np.array_equal(one, many)
    assert any(len(calls_) > 1 for calls_ in together.rounds)


def test_a_call_that_is_no_kernel_parts_them():
    links, _ = chain(4)
    seen = []
    parts = joined([links[0], lambda: seen.append(1), *links[1:]])
    assert [type(part) is Together for part in parts] == [True, False, True]
    assert [len(part.calls) for part in parts[::2]] == [1, 4]


def test_threads_that_come_one_after_another_are_not_waited_for(monkeypatch, one_thread):
    links, wanted = chain(5)
    for link in links:
        link()
    links, found = chain(5)
    monkeypatch.setattr(machine, "cores", lambda: 1)
    calls.side_by_side.cache_clear()
    kernels.set_threads(2)
    joined(links)[0]()
    assert np.array_equal(found, wanted)


CHECK = """
from dlab import kernels
from dlab.kernels.calls import side_by_side
kernels.set_threads(2)
print(side_by_side(1), side_by_side(2))
"""


@pytest.mark.parametrize(
    ("cores", "limit", "found"), [(1, "2", "True False"), (2, "1", "True False"), (2, "2", "True True")]
)
def test_only_threads_that_run_at_the_same_time_are_joined(cores, limit, found):
    environment = os.environ | {"OMP_THREAD_LIMIT": limit, "NUMBA_THREADING_LAYER": "omp", "NUMBA_NUM_THREADS": "2"}
    command, root = [sys.executable, "-c", CHECK], Path(__file__).parents[2]
    command[-1] = f"from dlab import machine; machine.cores = lambda: {cores}\n{CHECK}"
    done = subprocess.run(command, env=environment, cwd=root, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == found
