"""A training step layer by layer: where its time goes, and how near to the limit it comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from dlab.report import canvas, tables, words
from dlab.results.measured import CallRow

PICTURE = "step.png"
DIRECTIONS = ("forward", "data gradient", "weight gradient")
REST = "other"
COLORS = dict(zip((*DIRECTIONS, REST), (canvas.BLUE, canvas.VERMILION, canvas.GREEN, "#AAAAAA"), strict=True))


@dataclass
class Part:
    """A layer with what it does besides, or what is no layer's: seconds by direction, work and traffic."""

    name: str
    joined: str
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COLORS, 0.0))
    flops: int = 0
    bytes: int = 0

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    def add(self, row: CallRow) -> None:
        """Count a call in."""
        self.seconds[row.direction if row.layer else REST] += row.seconds
        self.flops += row.flops
        self.bytes += row.bytes


def parts(rows: Sequence[CallRow]) -> list[Part]:
    """The layers in their order, between the gathering of the batch, and loss and update."""
    found: dict[str, Part] = {}
    for row in rows:
        name = row.layer or row.direction
        found.setdefault(name, Part(name, row.joined)).add(row)
    return list(found.values())


def table(rows: Sequence[CallRow]) -> Table:
    """One line a layer; the columns of times sum to the whole."""
    found = parts(rows)
    total = sum(part.total for part in found)
    unit, factor = _unit(total)
    heads = ["layer", "with", *(f"{name} {unit}>" for name in COLORS), f"all {unit}>", "share %>"]
    heads += ["GFLOP/s>", "of limit %>", "memory>", "GB/s>"]
    limit = next((row.gflops / row.share_of_limit for row in rows if row.gflops and row.share_of_limit), None)
    whole = Part("all", "", {name: sum(part.seconds[name] for part in found) for name in COLORS})
    whole.flops, whole.bytes = sum(part.flops for part in found), sum(part.bytes for part in found)
    lines = [_line(part, total, limit, factor) for part in (*found, whole)] if found else []
    return tables.listing(heads, lines, spare=("GB/s", "memory", "with", "of limit %", f"other {unit}"))


def sentences(rows: Sequence[CallRow], facts: Mapping[str, Any]) -> list[str]:
    """The whole step against the sum of its calls, speed, and what takes most of the time."""
    step, total, flops = facts["step_seconds"], sum(row.seconds for row in rows), sum(row.flops for row in rows)
    unit, factor = _unit(total)
    most = max(rows, key=lambda row: row.seconds)
    where = f"{most.layer} {most.direction}" if most.layer else most.direction
    rate = flops / step / 1e9
    return [
        f"a step takes {_time(step * factor)} {unit}, its calls one by one {_time(total * factor)} {unit}: "
        f"batch {facts['batch']}, {facts['batch'] / step:,.0f} samples/s",
        f"{rate:.0f} GFLOP/s, {words.share(rate / facts['fma_limit'])} of the {facts['fma_limit']:.0f} GFLOP/s that "
        f"multiply-adds reach on {facts['threads']} thread{'s' * (facts['threads'] > 1)}",
        f"most of the time goes to {where} ({most.kernel}): {words.share(most.share)}",
    ]


def picture(rows: Sequence[CallRow], facts: Mapping[str, Any], title: str) -> bytes:
    """A bar for each layer, from the gathering of the batch to the update."""
    found = parts(rows)
    unit, factor = _unit(sum(part.total for part in found))
    figure = canvas.blank(f"{title}: where a training step's time goes", sentences(rows, facts)[0])
    axes = figure.subplots()
    figure.subplots_adjust(left=0.27, right=0.96, top=0.77, bottom=0.125)
    size = 15 if len(found) <= 14 else 11 if len(found) <= 24 else 8
    for place, part in enumerate(found):
        _bar(axes, len(found) - 1 - place, part, factor)
    _tell(axes, found, factor, size)
    canvas.frame(axes, "", unit)
    axes.grid(axis="x", color=canvas.FAINT, linewidth=1)
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(found)), [_named(part) for part in reversed(found)], size=size)
    axes.set_xlim(0, 1.38 * factor * max(part.total for part in found))  # room for what stands behind the bars
    axes.set_ylim(-0.6, len(found) - 0.4)
    _legend(figure)
    return canvas.png(figure)


def _line(part: Part, total: float, limit: float | None, factor: float) -> list[str]:
    times = [_time(seconds * factor) if seconds else "" for seconds in (*part.seconds.values(), part.total)]
    rate = part.flops / part.total / 1e9
    speed = [f"{rate:.1f}", _percent(rate / limit)] if part.flops and limit else ["", ""]
    traffic = [words.size(part.bytes), f"{part.bytes / part.total / 1e9:.1f}"]
    return [part.name, part.joined, *times, _percent(part.total / total), *speed, *traffic]


def _percent(value: float) -> str:
    """A share in whole percent; its sign stands in the heading, so that the table fits a terminal of 110 columns."""
    return f"{100 * value:.0f}"


def _unit(seconds: float) -> tuple[str, float]:
    """The unit that suits a step, and how many of it make a second."""
    return ("µs", 1e6) if seconds < 0.01 else ("ms", 1e3)


def _time(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.1f}" if number >= 100 else f"{number:.2f}"


def _bar(axes: Any, place: int, part: Part, factor: float) -> None:
    left = 0.0
    for name, seconds in part.seconds.items():
        axes.barh(place, seconds * factor, 0.72, left, color=COLORS[name])
        left += seconds * factor


def _tell(axes: Any, found: Sequence[Part], factor: float, size: int) -> None:
    """Share and speed behind each bar."""
    total = sum(part.total for part in found)
    how = {"textcoords": "offset points", "va": "center", "size": size, "color": canvas.INK, "annotation_clip": False}
    for place, part in enumerate(reversed(found)):
        rate = f", {part.flops / part.total / 1e9:.0f} GFLOP/s" if part.flops else ""
        axes.annotate(f"{100 * part.total / total:.1f} %{rate}", (part.total * factor, place), (8, 0), **how)


def _named(part: Part) -> str:
    return f"{part.name} + {part.joined}" if part.joined else part.name


def _legend(figure: Any) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=color, label=name) for name, color in COLORS.items()]
    place = {"loc": "upper left", "bbox_to_anchor": (0.262, 0.845), "ncols": len(handles)}
    figure.legend(handles=handles, frameon=False, fontsize=15, handlelength=1.0, handleheight=1.0, **place)
