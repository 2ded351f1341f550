"""Processes that decode the images of the batches to come into memory they share with the trainer.

Processes, not threads: the trainer holds the interpreter while a kernel runs, and a thread would wait for it many times
an image.  With LeNet on one core and decoding on the other, a process keeps both at full speed, a thread at about half.
"""

import json
import mmap
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import numpy as np

from dlab.errors import DataError, EnvironmentFault
from dlab.layout import Shape, volume

# -P: modules in the user's folder are none of ours.
COMMAND = [sys.executable, "-P", "-m", "dlab.data.decoder"]
MOST_IN_A_PIECE = 16, 1 << 22  # images, and bytes: what one worker decodes at a time
MOST_AHEAD = 64, 1 << 27  # pieces, and bytes: half are for the training split, half for one that is evaluated
Paths = list[Path]


class Worker:
    """One process: orders are done in turn, each answered by a line with what is wrong, if something is."""

    def __init__(self, arena: IO[bytes], **greeting: object):
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,  # a Ctrl-C on the terminal is the trainer's, which ends its workers
            pass_fds=[arena.fileno()],
        )
        self._ordered, self._done = 0, 0
        self._faults: dict[int, str] = {}
        self._tell(arena=arena.fileno(), **greeting)

    def order(self, slot: int, paths: Paths) -> int:
        """Have these images decoded into a slot; the number of the order."""
        self._tell(slot=slot, paths=[str(path) for path in paths])
        self._ordered += 1
        return self._ordered

    def wait(self, order: int) -> str:
        """Until an order is done; what was wrong, "" for nothing."""
        assert self._process.stdout
        while self._done < order:
            answer = self._process.stdout.readline()
            if not answer:
                raise EnvironmentFault(f"a process that decodes images has died (code {self._process.wait()})")
            self._done += 1
            self._faults[self._done] = json.loads(answer)
        return self._faults.pop(order, "")

    def end(self) -> None:
        """At once: nothing of it is needed."""
        self._process.kill()
        with suppress(OSError):
            self._process.__exit__(None, None, None)

    def _tell(self, **words: object) -> None:
        assert self._process.stdin
        with suppress(OSError):  # who waits for a dead worker will hear of it
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()


class Piece(NamedTuple):
    """Some images of one batch: where they are going to be, and who decodes them."""

    paths: Paths
    slot: int
    worker: Worker
    order: int


class Pool:
    """Workers, and the memory in which their images arrive: slots of `piece` images each."""

    def __init__(self, workers: int, shape: Shape, size: int | None):
        image = volume(shape)
        most, room = MOST_IN_A_PIECE
        self.piece = max(1, min(most, room // image))
        most, room = MOST_AHEAD
        slots = max(4 * workers, min(most, room // (self.piece * image)))
        self.free = list(range(slots))
        self.ration = slots // 2
        with _shared(slots * self.piece * image) as arena:
            memory = mmap.mmap(arena.fileno(), 0)
            self.slots = np.frombuffer(memory, np.uint8).reshape(slots, self.piece, *shape)
            self.workers = [Worker(arena, slots=self.slots.shape, size=size) for _ in range(workers)]
        self._turn = 0

    def order(self, slot: int, paths: Paths) -> Piece:
        """Have a piece decoded by the worker whose turn it is."""
        worker = self.workers[self._turn % len(self.workers)]
        self._turn += 1
        return Piece(paths, slot, worker, worker.order(slot, paths))

    def end(self) -> None:
        """Let all workers go."""
        for worker in self.workers:
            worker.end()


class Ring:
    """The images that are decoded ahead for one order of batches: as many pieces as it has slots."""

    def __init__(self, pool: Pool, batches: Iterable[Paths]):
        self._pool = pool
        self._free = [pool.free.pop() for _ in range(min(pool.ration, len(pool.free)))]
        self._coming: deque[Piece] = deque()
        step = pool.piece
        self._pieces = (batch[start : start + step] for batch in batches for start in range(0, len(batch), step))

    def take(self, paths: Paths, out: np.ndarray) -> bool:
        """out[n] = image n of the batch that is next; False if another one is, or none."""
        start = 0
        while start < len(paths):
            if not self._coming or self._coming[0].paths != paths[start : start + len(self._coming[0].paths)]:
                return False
            piece = self._coming[0]
            if fault := piece.worker.wait(piece.order):
                raise DataError(fault)
            stop = start + len(piece.paths)
            out[start:stop] = self._pool.slots[piece.slot, : len(piece.paths)]
            self._coming.popleft()
            self._free.append(piece.slot)
            self.order()
            start = stop
        return True

    def close(self) -> None:
        """Give the slots back when nobody writes to them any more."""
        for piece in self._coming:
            piece.worker.wait(piece.order)
        self._pool.free += [*self._free, *(piece.slot for piece in self._coming)]

    def order(self) -> None:
        """Have the next pieces decoded, as far as there is room."""
        while self._free and (paths := next(self._pieces, None)):
            self._coming.append(self._pool.order(self._free.pop(), paths))


class Decoders:
    """The pool of all splits of a set, which runs while one of them is read in a known order."""

    def __init__(self, workers: int):
        self._workers = workers
        self._pool: Pool | None = None
        self._rings: list[Ring] = []

    @contextmanager
    def ahead(self, batches: Iterable[Paths], shape: Shape, size: int | None) -> Iterator[None]:
        """Inside, these batches of images [C, H, W] are decoded before they are asked for."""
        pool = self._pool = self._pool or Pool(self._workers, shape, size)
        ring = Ring(pool, batches)
        self._rings.append(ring)
        try:
            ring.order()
            yield
        finally:
            self._rings.remove(ring)
            if self._rings:
                ring.close()
            else:
                self._pool = None
                pool.end()

    def take(self, paths: Paths, out: np.ndarray) -> bool:
        """Whether these images were decoded ahead; they then are in `out` [n, C, H, W]."""
        return any(ring.take(paths, out) for ring in reversed(self._rings))


def _shared(size: int) -> IO[bytes]:
    """An empty file of this size without a name, in memory where the system can do that."""
    file = os.fdopen(os.memfd_create("dlab"), "r+b") if hasattr(os, "memfd_create") else TemporaryFile()
    file.truncate(size)
    return file
