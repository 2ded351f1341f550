"""Convolutions three ways: a line for each direction, and what the ways are worth."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.table import Table

from dlab.report import tables, words
from dlab.report.roofline import picture
from dlab.results.measured import WayRow

__all__ = ["PICTURE", "picture", "sentences", "table"]

PICTURE = "roofline.png"
Directions = list[dict[str, WayRow]]


def table(rows: Sequence[WayRow]) -> Table:
    """GFLOP/s of each way side by side; time, share of the limit and difference of the last one, which is dlab's."""
    found = _directions(rows)
    if not found:
        return tables.listing([], [])
    first, *_, other, own = found[0]
    rates = (f"{name}>" for name in list(found[0])[1:])
    heads = ["convolution", "batch>", "bytes>", "flop/byte>", "direction", f"GFLOP/s: {first}>", *rates]
    heads += [f"{own}, ms>", "of limit>", f"times {other}>", "difference>"]
    return tables.listing(heads, map(_line, found), spare=("batch", "bytes", "flop/byte", "difference", "of limit"))


def sentences(rows: Sequence[WayRow], facts: dict[str, Any]) -> list[str]:
    """The limits, how much faster dlab is, how well all agree, and what was left out."""
    found = _directions(rows)
    *others, own = found[0]
    fma, copy = facts["fma_limit"], facts["copy_limit"]
    threads = f"{facts['threads']} thread{'s' * (facts['threads'] > 1)}"
    error = max(row.error for row in rows if row.error is not None)
    return [
        f"limits of {threads}: {fma:.0f} GFLOP/s of multiply-adds, {copy:.1f} GB/s in a copy; "
        f"they meet at {fma / copy:.0f} flop/byte",
        *(line for other in others if (line := _against(other, own, found))),
        f"all ways agree: the largest difference is {error:.0e} of the largest number",
        *_left_out(rows),
    ]


def _directions(rows: Sequence[WayRow]) -> Directions:
    """The ways of every direction by name, in the order in which they were measured."""
    groups = groupby(rows, key=lambda row: (row.convolution, row.direction))
    return [{row.way: row for row in group} for _, group in groups]


def _line(ways: dict[str, WayRow]) -> list[str]:
    *_, other, own = ways.values()
    rates = ["left out" if row.gflops is None else _rate(row.gflops) for row in ways.values()]
    place = [own.convolution, str(own.batch), words.size(own.bytes), f"{own.intensity:.0f}", own.direction]
    error = max((row.error for row in ways.values() if row.error is not None), default=0.0)
    ratio = _ratio(other, own)
    times = [f"{1000 * (own.seconds or 0):.3g}", words.share(own.share_of_limit), f"{ratio:.3g}" if ratio else ""]
    return [*place, *rates, *times, f"{error:.0e}"]


def _rate(gflops: float) -> str:
    return f"{gflops:.3g}" if gflops < 100 else f"{gflops:.0f}"


def _ratio(slow: WayRow, fast: WayRow) -> float | None:
    """How many times faster the second way is, None where one was left out."""
    return slow.seconds / fast.seconds if slow.seconds and fast.seconds else None


def _against(other: str, own: str, found: Directions) -> str:
    ratios = [ratio for ways in found if (ratio := _ratio(ways[other], ways[own]))]
    return f"{own} is {min(ratios):.3g} to {max(ratios):.3g} times as fast as {other}" if ratios else ""


def _left_out(rows: Sequence[WayRow]) -> list[str]:
    out = [f"{row.way} of {row.convolution}, {row.direction}" for row in rows if row.seconds is None]
    reason = "one call would take too long; a larger --seconds waits for it"
    return [f"left out: {'; '.join(out)}: {reason}"] if out else []
