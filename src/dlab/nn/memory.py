"""Memory for plans: measured before any is taken, and shared by what is not in use at the same time.

A plan is made twice.  The first time its arrays are hollow: a `Draft` notes how large each is, and from which moment of
the plan to which it is in use.  Then every array gets its place, and the plan is made again in real memory, a `Pool`
that all plans of a run have in common, for they run one after another.

    moments of a training plan with S stages    0 .. S-1 forward,  S loss,  S+1 .. 2S backward, last stage first

Padding is a margin of zeros that no kernel writes.  So an array with a margin shares memory only with arrays of its own
form, whose margins lie in the same places; a larger batch has more of the same planes.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from dlab.kernels.memory import LINE, Source, aligned, hollow, lent_by
from dlab.layout import Shape

WORKSPACE = "workspace"
APART = 1 << 20  # bytes of workspace that the calls of a moment have, each its own


@dataclass(frozen=True)
class Need:
    """An array that a plan wants: what for, how large, and from which moment to which."""

    kind: str
    shape: Shape
    number: np.dtype
    first: int
    last: int
    form: Hashable = None

    @property
    def size(self) -> int:
        """Bytes, in whole cache lines."""
        return lines(self.shape, self.number)

    @property
    def group(self) -> Hashable:
        """What it may share memory with: None for all that has no margin."""
        return None if self.form is None else (self.form, self.shape[1:], self.number)

    def meets(self, other: "Need") -> bool:
        """Whether both are in use at one moment."""
        return self.first <= other.last and other.first <= self.last


def lines(shape: Shape, number: Any = np.float32) -> int:
    """Bytes of an array in whole cache lines."""
    return -(-prod(shape) * np.dtype(number).itemsize // LINE) * LINE


def place(needs: Sequence[Need], sizes: Sequence[int]) -> list[int]:
    """Where each begins: the largest first, each at the lowest place that is free as long as it is in use."""
    starts: dict[int, int] = {}
    for own in sorted(range(len(needs)), key=lambda index: -sizes[index]):
        start = 0
        for other in sorted(starts, key=lambda index: starts[index]):
            if needs[own].meets(needs[other]) and start + sizes[own] > starts[other]:
                start = max(start, starts[other] + sizes[other])
        starts[own] = start
    return [starts[index] for index in range(len(needs))]


def take(used: dict[int, int], moment: int, size: int) -> int:
    """Where the workspace of a moment's next call begins: behind the others, so that they can run side by side.

    Where that would be large, calls take turns in the same place.
    """
    begin = used.get(moment, 0)
    begin = 0 if begin + size > APART else begin
    used[moment] = begin + size
    return begin


class Draft(Source):
    """A plan made without memory: its needs, and the place of each in a pool.

    places: the first byte of an array without a margin; the number of one with a margin among those of its group
    """

    measures = True

    def __init__(self, make: Callable[[], Any]):
        self.needs: list[Need] = []
        self._calls: dict[int, int] = defaultdict(int)  # the workspace of each moment
        self._used: dict[int, int] = {}
        self._life: tuple[str, int, int] = "", 0, 0
        with lent_by(self):
            make()
        number = np.dtype(np.uint8)
        self.needs += [Need(WORKSPACE, (size,), number, at, at) for at, size in self._calls.items()]
        self.places = self._placed()

    def live(self, kind: str, first: int, last: int) -> None:
        self._life = kind, first, last

    def zeros(self, shape: Shape, kind: Any, form: Hashable) -> np.ndarray:
        what, first, last = self._life
        self.needs.append(Need(what, shape, np.dtype(kind), first, last, form))
        return hollow(shape, kind)

    def workspace(self, shapes: Sequence[Shape]) -> list[np.ndarray]:
        now = self._life[1]
        size = sum(map(lines, shapes))
        self._calls[now] = max(self._calls[now], take(self._used, now, size) + size)
        return [hollow(shape) for shape in shapes]

    def total(self, kind: str) -> int:
        """Bytes of all arrays of a kind, as if none shared its memory; of workspace the largest."""
        sizes = [need.size for need in self.needs if need.kind == kind]
        return max(sizes, default=0) if kind == WORKSPACE else sum(sizes)

    def _placed(self) -> list[int]:
        places = [0] * len(self.needs)
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for index, need in enumerate(self.needs):
            groups[need.group].append(index)
        for group, members in groups.items():
            needs = [self.needs[index] for index in members]
            found = place(needs, [need.size if group is None else 1 for need in needs])
            for index, start in zip(members, found, strict=True):
                places[index] = start
        return places


class Pool:
    """Memory for plans that run one after another: what one leaves behind is of no use to the next."""

    def __init__(self, drafts: Iterable[Draft]):
        self.free, self.formed = 0, dict[tuple[Hashable, int], tuple[Shape, np.dtype]]()
        for need, start in ((n, at) for draft in drafts for n, at in zip(draft.needs, draft.places, strict=True)):
            if need.form is None:
                self.free = max(self.free, start + need.size)
                continue
            known = self.formed.get((need.group, start), (need.shape, need.number))
            self.formed[need.group, start] = max(known[0], need.shape), need.number
        self._bytes: np.ndarray | None = None
        self._arrays: dict[Hashable, np.ndarray] = {}

    @property
    def size(self) -> int:
        """Bytes it takes once something has been made in it."""
        return self.free + sum(lines(*array) for array in self.formed.values())

    def make(self, draft: Draft, make: Callable[[], Any]) -> Any:
        """The plan of a draft, made anew in this memory."""
        if self._bytes is None:
            self._bytes = aligned((self.free,), np.uint8)
            self._arrays = {slot: aligned(*array) for slot, array in self.formed.items()}
        with lent_by(Loan(draft, self._bytes, self._arrays)):
            return make()


class Loan(Source):
    """Lends the memory of a pool, in the order in which a draft asked for it."""

    def __init__(self, draft: Draft, free: np.ndarray, formed: dict[Hashable, np.ndarray]):
        self._pairs = list(zip(draft.needs, draft.places, strict=True))
        self._calls = {need.first: start for need, start in self._pairs if need.kind == WORKSPACE}
        self._next, self._free, self._formed, self._now = iter(self._pairs), free, formed, 0
        self._used: dict[int, int] = {}

    def live(self, kind: str, first: int, last: int) -> None:
        self._now = first

    def zeros(self, shape: Shape, kind: Any, form: Hashable) -> np.ndarray:
        need, start = next(self._next)
        if need.form is None:
            return self._cut(start, shape, kind)
        return self._formed[need.group, start][: shape[0]]

    def workspace(self, shapes: Sequence[Shape]) -> list[np.ndarray]:
        size, found = sum(map(lines, shapes)), list[np.ndarray]()
        start = self._calls[self._now] + take(self._used, self._now, size)
        for shape in shapes:
            found.append(self._cut(start, shape, np.float32))
            start += lines(shape)
        return found

    def _cut(self, start: int, shape: Shape, kind: Any) -> np.ndarray:
        size = prod(shape) * np.dtype(kind).itemsize
        return self._free[start : start + size].view(kind).reshape(shape)
