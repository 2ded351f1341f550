"""Many steps on a GPU without the host in between: their lines lie there as a table; the last launch turns the page.

    scores[page] = score;  score = 0;  line = table[page + 1];  page = page + 1

All other launches read the present line and add to the score, at addresses that never change; so a step is the same
graph each time.
"""

from typing import Any

import numpy as np

from dlab.kernels.gpu import Launch, factory
from dlab.kernels.gpu.language import cuda
from dlab.kernels.memory import aligned
from dlab.kernels.script import SCORE, Script

MOST, ROOM = 512, 1 << 22  # lines of a table, and bytes that they may take
THREADS = 256


@factory
def _turn():
    """Turn the page; one block, so that every thread has read the page's number before it changes."""

    @cuda.jit
    def turn(table, line, scores, score, page, words, pages):
        thread, present = cuda.threadIdx.x, page[0]
        if thread < SCORE:
            scores[present * SCORE + thread] = score[thread]
            score[thread] = np.float32(0)
        if present + 1 < pages:
            for word in range(thread, words, THREADS):
                line[word] = table[(present + 1) * words + word]
        cuda.syncthreads()
        if thread == 0:
            page[0] = present + 1

    return turn


class Pages(Script):
    """Lines that are played without the host; `scores` waits once for all of them."""

    def __init__(self, ops: Any, batch: int, keys: int = 0, coefficients: int = 0):
        super().__init__(ops, batch, keys, coefficients)
        size = self.present.size
        pages = max(1, min(MOST, ROOM // size))
        self._table, self._page = aligned((pages, size), np.uint8), aligned((1,), np.int32)
        self._scores = aligned((pages, SCORE), np.float32)
        self.lines = [self._cut(line) for line in self._table]
        words = size // 4
        arrays = *(array.view(np.uint32).reshape(-1) for array in (self._table, self.present)), self._scores
        counts = self.score, self._page, np.int32(words), np.int32(pages)
        self.turned = [Launch(_turn(), (1,), (THREADS,), *arrays, *counts)]

    def open(self, steps: int) -> None:
        self.ops.send(self._table[:steps])
        self.present[:], self._page[:] = self._table[0], 0
        self.ops.send(self._page)
        super().open(steps)

    def scores(self, steps: int) -> list[list[float]]:
        return self.ops.fetch(self._scores)[:steps].tolist()
