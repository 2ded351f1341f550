"""Kernels with their arguments, and many of them as one: a whole plan needs the threads only once.

A parallel region costs some microseconds, and a step of a small network has thirty of them.  So the calls of a plan
are written down, each as the address of its machine code and its arguments, and one kernel runs the list on every
thread.  Between two calls the threads wait for each other, awake, which costs a fraction of a microsecond.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numba import get_num_threads, threading_layer, types
from numpy.lib.array_utils import byte_bounds

from dlab import machine
from dlab.kernels.jit import factory, kernel
from dlab.kernels.named import NamedCall
from dlab.kernels.tasks import own_tasks
from dlab.kernels.workers import ALONE, LINE, WRITE, meet, run_written

LOOK_BACK = 64  # calls: of a network with thousands, comparing all pairs would take a minute
ROOM = 1024  # numbers that a written call may take
PATIENCE, FOREVER = 1_000_000, 2**62  # looks at others who have not come; the former take a second or so
NOTES, NUMBERS = types.Array(types.int64, 2, "C"), types.Array(types.int64, 1, "C")
PIECE, DATA, ONE, MEET = range(4)  # of a note: address, arguments, whether one worker does it, and meetings so far


class Bound:
    """A kernel with its arguments: a call."""

    def __init__(self, run: Any, *arguments: Any):
        self.run, self.arguments = run, arguments

    @cached_property
    def reads(self) -> list[tuple[int, int]]:
        """The addresses, first and behind the last, of each array that it uses."""
        return [byte_bounds(argument) for argument in self.arguments if isinstance(argument, np.ndarray)]

    @cached_property
    def writes(self) -> list[tuple[int, int]]:
        """The same of each array that it changes."""
        return [byte_bounds(self.arguments[place]) for place in self.run.writes] if self.run.writes else self.reads

    def follows(self, other: "Bound") -> bool:
        """Whether one of two calls uses what the other changes."""
        return _overlap(self.reads, other.writes) or _overlap(self.writes, other.reads)

    def __call__(self) -> None:
        self.run(*self.arguments)

    @property
    def alone(self) -> bool:
        """Whether one thread does it all."""
        return self.run.args[0] == ALONE

    def written(self) -> np.ndarray:
        """[address of the machine code, size of the data, number of workers, address of their counters, data...]."""
        memory = np.zeros(ROOM, np.int64)
        self.run.func((memory.ctypes.data, WRITE, 0), *self.arguments)
        return memory[: 2 + -(-memory[1] // 8)].copy()


def _overlap(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> bool:
    return any(low < end and first < high for low, high in some for first, end in others)


class Calls:
    """Calls one after another."""

    def __init__(self, *calls: Callable[[], object]):
        self.calls = calls

    def __call__(self) -> None:
        for call in self.calls:
            call()


class Together:
    """Kernels in one parallel region; they are written down when they are first called.

    They run in rounds: each call in the one behind the last of those before it that it follows, or in the same one if
    both are done by the first worker alone, which does such calls first, and is helped with the others then.  Between
    two rounds the workers meet.
    """

    def __init__(self, calls: list[Bound]):
        self.calls = calls
        self._arrived, self._threads = np.zeros(1, np.int64), 1
        self._counters = np.zeros((len(calls), 1, LINE), np.int64)

    @cached_property
    def rounds(self) -> list[list[Bound]]:
        """The calls of each round."""
        found: list[int] = []
        for k, call in enumerate(self.calls):
            start = max(0, k - LOOK_BACK)
            before = [
                number + (not (call.alone and other.alone))
                for number, other in zip(found[start:], self.calls[start:k], strict=True)
                if call.follows(other)
            ]
            found.append(max([0, *before, *(number + 1 for number in found[:start])]))
        count = max(found) + 1
        rounds = [[call for call, number in zip(self.calls, found, strict=True) if number == k] for k in range(count)]
        return [sorted(calls, key=lambda call: not call.alone) for calls in rounds]

    def __call__(self) -> None:
        threads = get_num_threads()
        if threads != self._threads:
            self._share(threads)
        if side_by_side(threads):
            self._arrived[0] = 0
            self._counters.fill(0)
            self._run(self._notes, self._arrived, threads)
        else:
            for call in self.calls:
                call()

    @cached_property
    def _run(self) -> Callable[..., None]:
        return _together()

    @cached_property
    def _written(self) -> list[np.ndarray]:
        return [call.written() for calls in self.rounds for call in calls]  # whose arrays the calls keep

    @cached_property
    def _notes(self) -> np.ndarray:
        last = [call is calls[-1] for calls in self.rounds for call in calls]
        last[-1] = False  # the end of the region is a meeting
        alone = [call.alone for calls in self.rounds for call in calls]
        rows = zip(self._written, alone, np.cumsum(last) * last, strict=True)
        return np.array([(note[0], note[2:].ctypes.data, one, meet) for note, one, meet in rows], np.int64)

    def _share(self, threads: int) -> None:
        self._threads, self._counters = threads, np.zeros((len(self.calls), threads, LINE), np.int64)
        for note, row, counters in zip(self._written, self._notes, self._counters, strict=True):
            note[2:4] = 1 if row[ONE] else threads, counters.ctypes.data


@lru_cache
def side_by_side(threads: int) -> bool:
    """Whether so many threads are there at the same time, so that they can wait for each other, awake.

    Not so where they are more than cores, or somebody has limited the threads of OpenMP, or another library hands out
    the work.
    """
    if threads > max(1, machine.cores()):
        return False
    arrived, met = np.zeros(1, np.int64), np.zeros(threads, np.int64)
    _all_meet()(arrived, met, threads)
    return bool(met.all()) and threading_layer() != "tbb"


@factory
def _all_meet():
    """met[i] = whether worker i has seen all others come."""

    @kernel(NUMBERS, NUMBERS, types.intp)
    def all_meet(worker, arrived, met, threads):
        for me in own_tasks(worker, threads):
            met[me] = meet(arrived, threads, PATIENCE)

    return all_meet


@factory
def _together():
    """Every worker goes through the list; where it says so, it waits until all have come as far."""

    @kernel(NOTES, NUMBERS, types.intp)
    def together(worker, notes, arrived, threads):
        for me in own_tasks(worker, threads):
            for k in range(notes.shape[0]):
                if me == 0 or not notes[k, ONE]:
                    run_written(notes[k, PIECE], me, notes[k, DATA])
                if notes[k, MEET]:
                    meet(arrived, notes[k, MEET] * threads, FOREVER)

    return together


def joined(calls: Iterable[Callable[[], object]]) -> list[Callable[[], object]]:
    """The same calls, kernels that follow one another as one."""
    found: list[Any] = []
    for call in _each(calls):
        if isinstance(call, Bound) and found and isinstance(found[-1], list):
            found[-1].append(call)
        else:
            found.append([call] if isinstance(call, Bound) else call)
    return [Together(part) if isinstance(part, list) else part for part in found]


def _each(calls: Iterable[Callable[[], object]]) -> Iterator[Callable[[], object]]:
    for call in calls:
        if isinstance(call, NamedCall):
            yield from _each([call.call])
        elif isinstance(call, Calls):
            yield from _each(call.calls)
        else:
            yield call
