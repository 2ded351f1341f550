"""Tasks shared among threads: each is done once, whatever their number and that of the threads."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba import types

from dlab import kernels
from dlab.kernels.jit import array, floats, kernel
from dlab.kernels.workers import tasks

LONGS = array(types.int64, 1)


@kernel(LONGS, LONGS, floats(2), types.UniTuple(types.float32, 2))
def note(worker, done, threads, seen, pair):
    for task in tasks(worker, done.size):
        done[task] += 1
        threads[task] = numba.get_thread_id()
        seen[task, 0], seen[task, 1] = pair


def run(count):
    """(how often each task was done, by which thread, which arguments it saw)."""
    done, threads, seen = np.zeros(count, np.int64), np.full(count, -1), np.zeros((count, 2), np.float32)
    note(done, threads, seen[:, ::-1], (2.5, -1.0))
    return done, threads, seen


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 6, 7, 100])
def test_each_task_is_done_once_with_the_kernels_arguments(count, workers):
    kernels.set_threads(workers)
    done, threads, seen = run(count)
    kernels.set_threads(1)
    assert (done == 1).all()
    assert (seen == [-1.0, 2.5]).all()
    assert len(set(threads)) == min(count, workers)
    assert (np.diff(threads) >= 0).all()  # neighbouring tasks stay together


CHECK = """
import numba
from tests.kernels.test_workers import test_each_task_is_done_once_with_the_kernels_arguments as check
check(9, 2)
assert numba.threading_layer() == "workqueue"
"""


def test_the_layer_that_ships_with_numba_does_the_same():
    environment, root = os.environ | {"NUMBA_THREADING_LAYER": "workqueue"}, Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", CHECK], env=environment, cwd=root, check=True)
