"""A GPU made of NumPy arrays and compiled Python, to run kernels where there is none, and to find their faults.

Threads run one after another, in an order that can be chosen: results that depend on it are a race.  Where a kernel has
barriers, each thread runs to the next one before any goes on, and all of a block must come to the same.  Indices are
checked, and what a block has not yet written to its shared memory is NaN.  Device memory is memory of its own, so that
a copy between host and device that somebody forgot is seen.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numba import njit

from dlab.kernels.gpu.rewriting import rewritten

ASCENDING, DESCENDING = "ascending", "descending"  # any other word is the seed of a shuffle
Point = tuple[int, int, int]


class Emulator:
    """Runs the threads of every launch at once, in the order that `order` names."""

    name = "emulator"

    def __init__(self, order: str = ASCENDING, number: int = 0):
        self.order, self.number = order, number

    def take(self, content: np.ndarray, offset: int) -> np.ndarray:
        """A copy of the bytes, from byte `offset` on."""
        twin = np.zeros(offset + content.size, np.uint8)
        twin[offset:] = content
        return twin

    def row(self, twin: np.ndarray, start: int, count: int, kind: np.dtype) -> np.ndarray:
        """Some numbers of a twin."""
        return twin[start : start + count * kind.itemsize].view(kind)

    def read(self, twin: np.ndarray, start: int, array: np.ndarray) -> None:
        """Copy into an array."""
        array[...] = self.row(twin, start, array.size, array.dtype)

    def write(self, twin: np.ndarray, start: int, array: np.ndarray) -> None:
        """Copy from an array."""
        self.row(twin, start, array.size, array.dtype)[...] = array

    def launch(self, launch: Any) -> None:
        """Run all blocks, one after another."""
        program = compiled(launch.kernel)
        blocks = np.array(self._ordered(_points(launch.grid)), np.int32)
        threads = np.array(self._ordered(_points(launch.block)), np.int32)
        program(blocks, threads, launch.grid, launch.block, launch.arguments)

    def together(self, launches: Sequence[Callable[[], None]]) -> Callable[[], None]:
        """One after another."""

        def run() -> None:
            for launch in launches:
                launch()

        return run

    def wait(self) -> None:
        """Nothing is ever under way."""

    def free_memory(self) -> int:
        """As much as is asked for."""
        return 2**62

    def facts(self) -> dict[str, str]:
        """Its name: it is no GPU."""
        return {"gpu": "emulated on the processor"}

    def _ordered(self, points: Iterable[Point]) -> list[Point]:
        found = list(points)
        if self.order == DESCENDING:
            found.reverse()
        elif self.order != ASCENDING:
            random.Random(self.order).shuffle(found)
        return found


def _points(size: Point) -> Iterator[Point]:
    """All (x, y, z) below a size, x fastest."""
    return ((x, y, z) for z, y, x in product(*(range(n) for n in reversed(size))))


@cache
def compiled(kernel: Any) -> Callable[..., None]:
    """What runs all threads of a kernel: (blocks, threads, grid, block, arguments)."""
    thread, shared, barriers = rewritten(kernel)
    each = njit(boundscheck=True, error_model="numpy")(thread)  # dividing by 0 is no error on a GPU either
    return _by_turns(each, shared) if barriers else _straight(each)


def _straight(thread: Any) -> Callable[..., None]:
    """Threads that never wait: each runs to its end."""

    @njit(boundscheck=True)
    def run(blocks, threads, grid, block, arguments):
        nobody = np.zeros(1, np.float32)
        for b in range(len(blocks)):
            for t in range(len(threads)):
                at = (threads[t, 0], threads[t, 1], threads[t, 2]), (blocks[b, 0], blocks[b, 1], blocks[b, 2])
                thread(*at, block, grid, nobody, *arguments)

    return lambda blocks, threads, grid, block, arguments: run(
        blocks, threads, _small(grid), _small(block), tuple(arguments)
    )


def _by_turns(thread: Any, shared: Sequence[tuple[Any, np.dtype]]) -> Callable[..., None]:
    """Threads that wait for each other: generators, advanced from barrier to barrier."""

    def run(blocks, threads, grid, block, arguments):
        lanes = np.zeros(len(threads), np.float32)
        for place in blocks:
            room = [np.full(shape, np.nan if kind.kind == "f" else -1, kind) for shape, kind in shared]
            at = _small(place), _small(block), _small(grid), lanes
            _advance([thread(_small(t), *at, *room, *arguments) for t in threads])

    return run


def _advance(live: list[Iterator[int]]) -> None:
    """Run all threads of a block to their ends, barrier by barrier."""
    while live:
        barriers = [next(thread, 0) for thread in live]
        if len(set(barriers)) > 1:
            raise RuntimeError(
                f"threads of one block wait at different barriers, or have ended: {sorted(set(barriers))}"
            )
        if not barriers[0]:
            return


def _small(point: Iterable[int]) -> tuple[np.int32, ...]:
    """Indices as a GPU counts them."""
    return tuple(np.int32(n) for n in point)
