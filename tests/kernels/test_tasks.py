"""Tasks shared among threads: each is done once, whatever their number and that of the threads."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba import njit, types

from dlab import kernels
from dlab.kernels.calls import Bound
from dlab.kernels.jit import array, floats, kernel
from dlab.kernels.tasks import own_tasks, tasks
from dlab.kernels.workers import LINE, run_written

LONGS = array(types.int64, 1)


@kernel(LONGS, LONGS, floats(2), types.UniTuple(types.float32, 2))
def note(worker, done, threads, seen, pair):
    for task in tasks(worker, done.size):
        done[task] += 1
        threads[task] = numba.get_thread_id()
        seen[task, 0], seen[task, 1] = pair


@kernel(LONGS)
def note_own(worker, workers):
    for task in own_tasks(worker, workers.size):
        workers[task] = worker[0]


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
    assert set(threads) <= set(range(workers))


@kernel(LONGS, LONGS)
def number(worker, order, so_far):
    for task in tasks(worker, order.size):
        so_far[0] += 1
        order[task] = so_far[0]


@njit
def run_as(worker, piece, data):
    run_written(piece, worker, data)


def test_a_worker_does_its_part_first_and_then_that_of_one_who_is_late():
    order, so_far, counters = np.zeros(40, np.int64), np.zeros(1, np.int64), np.zeros((2, LINE), np.int64)
    note = Bound(number, order, so_far).written()
    note[2:4] = 2, counters.ctypes.data
    run_as(1, note[0], note[2:].ctypes.data)
    assert order.tolist() == [*range(21, 41), *range(1, 21)]
    run_as(0, note[0], note[2:].ctypes.data)
    assert so_far[0] == 40  # nothing was left


def test_one_of_many_workers_helps_some_others():
    order, so_far, counters = np.zeros(10, np.int64), np.zeros(1, np.int64), np.zeros((10, LINE), np.int64)
    note = Bound(number, order, so_far).written()
    note[2:4] = 10, counters.ctypes.data
    run_as(8, note[0], note[2:].ctypes.data)
    assert order.tolist() == [3, 4, 0, 0, 0, 0, 0, 0, 1, 2]
    for worker in (*range(8), 9):
        run_as(worker, note[0], note[2:].ctypes.data)
    assert sorted(order) == [*range(1, 11)]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_own_tasks_are_nobody_elses(workers):
    kernels.set_threads(workers)
    threads = np.full(14, -1)
    note_own(threads)
    kernels.set_threads(1)
    assert threads.tolist() == [task * workers // 14 for task in range(14)]


CHECK = """
import numba
from tests.kernels.test_tasks import test_each_task_is_done_once_with_the_kernels_arguments as check
check(9, 2)
assert numba.threading_layer() == "workqueue"
"""


def test_the_layer_that_ships_with_numba_does_the_same():
    environment, root = os.environ | {"NUMBA_THREADING_LAYER": "workqueue"}, Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", CHECK], env=environment, cwd=root, check=True)
