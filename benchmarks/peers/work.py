"""What is timed on a GPU: steps in bursts, since to wait for each one would cost more than many a step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Work:
    """A contender's work, ready to be run.

    burst: do so many steps, and wait for the end of the last; the seconds that count
    told: what is to be said about it; it may change with every burst
    check: the error of a few steps, relative to the same in float64
    """

    burst: Callable[[int], float]
    told: dict = field(default_factory=dict)
    check: Callable[[], float] | None = None


def repeated(step: Callable[[], object], wait: Callable[[], object]) -> Callable[[int], float]:
    """A burst of the same step again and again."""

    def burst(count: int) -> float:
        begin = perf_counter()
        for _ in range(count):
            step()
        wait()
        return perf_counter() - begin

    return burst
