"""roofline.png: what was reached, under what arithmetic and memory allow."""

from collections.abc import Mapping, Sequence
from math import atan2, degrees
from typing import Any

from dlab.report import canvas
from dlab.report.labels import apart
from dlab.results.measured import WayRow

COLORS = (canvas.VERMILION, canvas.BLUE, canvas.GREEN)
MARKERS = ("o", "^", "s")
ASIDE = 1.045  # factor between the directions of one convolution: side by side, or they would hide each other
SIDE = 0.745  # where the legends begin, as a share of the width


def picture(rows: Sequence[WayRow], facts: Mapping[str, Any], title: str) -> bytes:
    """GFLOP/s over flop/byte, both logarithmic: a colour for each way, a marker for each direction."""
    subtitle = "flop as the definition counts them; bytes of input, weights and output, each moved once"
    figure = canvas.blank(_title(title, facts), subtitle)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.075, right=SIDE - 0.02, top=0.77, bottom=0.125)
    found = [row for row in rows if row.gflops is not None]
    colors = dict(zip(dict.fromkeys(row.way for row in rows), COLORS, strict=False))
    markers = dict(zip(dict.fromkeys(row.direction for row in rows), MARKERS, strict=False))
    names = dict.fromkeys(row.convolution for row in sorted(found, key=lambda row: row.intensity))
    letters = {name: chr(ord("A") + number) for number, name in enumerate(names)}
    _frame(axes, found, facts)
    _roof(axes, facts["fma_limit"], facts["copy_limit"])
    _columns(axes, found, letters)
    for row in found:
        x = row.intensity * ASIDE ** (list(markers).index(row.direction) - (len(markers) - 1) / 2)
        how = {"markersize": 10, "markeredgecolor": "white", "markeredgewidth": 0.8}
        axes.plot(x, row.gflops, markers[row.direction], color=colors[row.way], zorder=4, **how)
    _legends(figure, colors, markers, letters)
    return canvas.png(figure)


def _title(name: str, facts: Mapping[str, Any]) -> str:
    threads = facts["threads"]
    return f"{name}: what {threads} thread{'s' * (threads > 1)} of this machine reach{'es' * (threads == 1)}"


def _frame(axes: Any, rows: Sequence[WayRow], facts: Mapping[str, Any]) -> None:
    """Logarithmic axes that hold all points, and the bend of the roof."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    bend = facts["fma_limit"] / facts["copy_limit"]
    low, high = min(row.intensity for row in rows), max(row.intensity for row in rows)
    rates = [row.gflops or 0.0 for row in rows]
    canvas.frame(axes, "GFLOP/s", "flop/byte")
    canvas.log_scale(axes, 1, 1000)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlim(min(low, bend) / 4, max(2 * high, 6 * bend))  # room for the names of both sides
    axes.set_ylim(min(rates) / 3.5, 2.2 * max(facts["fma_limit"], *rates))


def _roof(axes: Any, fma: float, copy: float) -> None:
    """min(fma, copy x), with the names of its two sides."""
    (low, high), bend = axes.get_xlim(), fma / copy
    axes.plot([low, bend, high], [copy * low, fma, fma], color=canvas.INK, linewidth=2.6, zorder=2)
    how = {"size": 15, "color": canvas.INK, "textcoords": "offset points", "path_effects": canvas.halo(), "zorder": 5}
    axes.annotate(f"multiply-adds: {fma:.0f} GFLOP/s", (high, fma), (-6, 8), ha="right", **how)
    (x, y), (end, top) = axes.transData.transform([(low, copy * low), (bend, fma)])
    slope = degrees(atan2(top - y, end - x))
    how |= {"rotation": slope, "rotation_mode": "anchor"}
    axes.annotate(f"copy: {copy:.1f} GB/s", (low, copy * low), (2, 10), ha="left", **how)


def _columns(axes: Any, rows: Sequence[WayRow], letters: Mapping[str, str]) -> None:
    """A faint line for each convolution, with its letter at the foot."""
    places = {row.convolution: row.intensity for row in rows}
    pixels = {name: float(axes.transData.transform((x, 1))[0]) for name, x in places.items()}
    for name, pixel in apart(pixels, room=30.0).items():
        axes.axvline(places[name], color=canvas.FAINT, linewidth=1.2, zorder=1)
        shift = (pixel - pixels[name]) * 72 / canvas.DPI
        how = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "ha": "center"}
        axes.annotate(letters[name], (places[name], 0), (shift, 8), size=17, weight="bold", color=canvas.INK, **how)


def _legends(figure: Any, *columns: Mapping[str, str]) -> None:
    """Ways by colour, directions by marker and convolutions by letter, one under the other."""
    from matplotlib.lines import Line2D

    ways, directions, letters = columns
    groups = [
        [Line2D([], [], marker="o", color=color, label=name) for name, color in ways.items()],
        [Line2D([], [], marker=marker, color=canvas.GREY, label=name) for name, marker in directions.items()],
        [
            Line2D([], [], marker=f"$\\mathbf{{{letter}}}$", color=canvas.INK, label=name)
            for name, letter in letters.items()
        ],
    ]
    how = {"frameon": False, "loc": "upper left", "handlelength": 1.0, "markerscale": 1.8}
    for handles, top in zip(groups, (0.79, 0.635, 0.48), strict=True):
        for handle in handles:
            handle.set(linestyle="none", markeredgewidth=0)
        size = 15 if len(handles) <= 8 else 10
        figure.legend(handles=handles, bbox_to_anchor=(SIDE, top), fontsize=size, **how)
