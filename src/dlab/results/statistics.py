"""What several seeds say: means with their spread, and differences of pairs that share a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt

LEVEL = 0.95  # of intervals
POWER = 0.8  # how often a difference is to be found, for the number of seeds that would do
MOST = 100  # seeds: more, nobody will run


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (of a sample: n - 1) of n values; the deviation of a single value is None."""

    mean: float
    deviation: float | None
    n: int


@dataclass(frozen=True)
class Difference:
    """Paired differences to a baseline: mean, the ends of its 95 % interval, n pairs, and p corrected by Holm.

    `wanted` is about how many seeds would tell the two apart, None where these seeds do or no number would.
    """

    mean: float
    low: float
    high: float
    n: int
    p: float
    wanted: int | None = None

    @property
    def clear(self) -> bool:
        """Whether chance alone is an unlikely explanation."""
        return self.p < 1 - LEVEL


def spread(values: Sequence[float]) -> Spread | None:
    """mean = sum x / n, deviation = sqrt(sum (x - mean)^2 / (n - 1)); None without values."""
    if not values:
        return None
    n, mean = len(values), sum(values) / len(values)
    return Spread(mean, sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None, n)


def difference(values: Sequence[float], baseline: Sequence[float]) -> Difference | None:
    """Student's interval and test for the mean of d_i = value_i - baseline_i: mean +- t s / sqrt(n).

    None with fewer than two pairs, which say nothing about chance.
    """
    from scipy.special import stdtr, stdtrit

    found = spread([value - other for value, other in zip(values, baseline, strict=True)])
    if found is None or found.deviation is None:
        return None
    error = found.deviation / sqrt(found.n)
    reach = error * float(stdtrit(found.n - 1, (1 + LEVEL) / 2))
    statistic = abs(found.mean) / error if error else (0.0 if found.mean == 0 else float("inf"))
    p = 2 * float(stdtr(found.n - 1, -statistic)) if isfinite(statistic) else 0.0
    return Difference(found.mean, found.mean - reach, found.mean + reach, found.n, p)


def holm(found: dict[str, Difference]) -> dict[str, Difference]:
    """Holm's correction for m comparisons: p_(i) <- max over j <= i of min(1, (m - j + 1) p_(j)), p ascending."""
    corrected, least = {}, 0.0
    for rank, name in enumerate(sorted(found, key=lambda name: found[name].p)):
        old, left = found[name], len(found) - rank
        least = max(least, min(1.0, left * old.p))
        new = replace(old, p=least)
        corrected[name] = new if new.clear else replace(new, wanted=_wanted(old, (1 - LEVEL) / left))
    return {name: corrected[name] for name in found}


def _wanted(found: Difference, level: float) -> int | None:
    """The least n with sqrt(n) |mean| / s >= t(1 - level / 2) + t(POWER), both with n - 1 degrees of freedom."""
    from scipy.special import stdtrit

    deviation = (found.high - found.mean) / float(stdtrit(found.n - 1, (1 + LEVEL) / 2)) * sqrt(found.n)
    for n in range(found.n + 1, MOST + 1):
        if sqrt(n) * abs(found.mean) >= deviation * float(stdtrit(n - 1, 1 - level / 2) + stdtrit(n - 1, POWER)):
            return n
    return None
