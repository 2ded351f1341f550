"""Times of calls that take turns, so that whatever else the machine does meets them all alike."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

ROUNDS = 5
Call = Callable[[], object]


def timed(*calls: Call) -> float:
    """Seconds of calls, one after another."""
    begin = perf_counter()
    for call in calls:
        call()
    return perf_counter() - begin


def in_turn(calls: Mapping[str, Call], seconds: float) -> dict[str, list[float]]:
    """Median seconds of each call in every round; all together they take about `seconds`.

    A call that has used up its share of the time sits the later rounds out.
    """
    share = seconds / len(calls)
    found: dict[str, list[float]] = {name: [] for name in calls}
    spent = dict.fromkeys(calls, 0.0)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            if spent[name] < share:
                times = slot(call, share / ROUNDS)
                spent[name] += sum(times)
                found[name].append(median(times[1:] or times))  # the first call finds its arrays in no cache
    return found


def slot(call: Call, seconds: float) -> list[float]:
    """Seconds of one call after the other, until so many have passed."""
    times: list[float] = []
    end = perf_counter() + seconds
    while not times or perf_counter() < end:
        times.append(timed(call))
    return times
