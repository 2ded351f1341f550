"""What a study's numbers say, in sentences."""

from dlab.report import words
from dlab.results.statistics import Difference
from dlab.results.summary import Row, Summary


def sentences(found: Summary) -> list[str]:
    """Each variant against the baseline, the best one, and the cells that failed."""
    lines = [_against(row, found) for row in found.rows if row.variant != found.baseline]
    lines += [_best(found)] if found.best and len(found.rows) > 1 else []
    lines += [f"{row.variant} diverged with {row.diverged} of {row.cells} seeds" for row in found.rows if row.diverged]
    return lines + [f"{cell} failed: {error}" for cell, error in found.errors.items() if "diverged" not in error]


def difference(row: Row, found: Summary) -> str:
    """The difference to the baseline with its interval, marked where it is clear."""
    gap = row.difference
    if gap is None:
        return "baseline" if row.variant == found.baseline else ""
    low, high = sorted((_number(gap.low, found), _number(gap.high, found)), key=float)
    return f"{_number(gap.mean, found)} [{low}, {high}]{' *' if gap.clear else ''}"


def _against(row: Row, found: Summary) -> str:
    gap, other = row.difference, found.baseline
    if gap is None:
        return f"{row.variant} and {other}: {_silence(row, found)}"
    said = f"difference {_number(gap.mean, found)} {_unit(found)}, 95 % interval {_interval(gap, found)}"
    said += f", {_chance(gap, found)}"
    if gap.clear:
        better = (gap.mean > 0) == found.metric.endswith("accuracy")
        return f"{row.variant} is {'better' if better else 'worse'} than {other} ({said}, {gap.n} seeds)"
    more = f"; about {gap.wanted} seeds would be needed" if gap.wanted else ""
    return f"{row.variant} and {other} cannot be told apart with {gap.n} seeds ({said}{more})"


def _silence(row: Row, found: Summary) -> str:
    baseline = next((other for other in found.rows if other.variant == found.baseline), row)
    if not row.done or not baseline.done:
        return "no finished seed in common"
    return "one seed says nothing about chance; try --seeds 5"


def _chance(gap: Difference, found: Summary) -> str:
    """p, with Holm's correction where there are several comparisons."""
    several = sum(row.difference is not None for row in found.rows) > 1
    value = "< .001" if gap.p < 0.001 else f"= {gap.p:.3f}".replace("0.", ".")
    return f"p {value}{' corrected' if several else ''}"


def _interval(gap: Difference, found: Summary) -> str:
    return f"{_number(gap.low, found)} to {_number(gap.high, found)}"


def _best(found: Summary) -> str:
    best = found.best
    assert best is not None
    split, _, kind = found.choice.partition("_")
    chosen, judged = best.final[found.choice], best.final[f"test_{kind}"]
    assert chosen is not None
    say = words.share if kind == "accuracy" else words.loss
    said = f"best by {split} {kind}: {best.variant} with {say(chosen.mean)}"
    if split == "validation" and judged:
        return f"{said}; on the test split it has {say(judged.mean)}"
    hint = " (chosen and judged on the same split: data.validation keeps one for choosing)"
    return said + (hint if split == "test" else "")


def _number(value: float, found: Summary) -> str:
    return f"{100 * value:+.2f}" if found.metric.endswith("accuracy") else f"{value:+.3g}"


def _unit(found: Summary) -> str:
    return "points" if found.metric.endswith("accuracy") else f"in {found.metric.replace('_', ' ')}"
