"""The look of all figures: size, colours, axes, and how they become a PNG."""

import os
import textwrap
from collections.abc import Mapping
from io import BytesIO
from typing import Any

WIDTH, HEIGHT, DPI = 1600, 900, 125
# Blue, vermilion and green of Okabe and Ito, which all kinds of colour vision tell apart.
BLUE, VERMILION, GREEN, INK, GREY, FAINT = "#0072B2", "#D55E00", "#009E73", "#222222", "#666666", "#DDDDDD"
TRAIN, TEST = VERMILION, BLUE
COLORS = (BLUE, VERMILION, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)))
MINIMUM: dict[str, Any] = {"color": INK, "markeredgecolor": "white", "markersize": 12}  # of a "P"


def blank(title: str, subtitle: str, left: float = 0.075) -> Any:
    """An empty figure of 1600 x 900 pixels with its headings; `left` is where they begin, as a share of the width."""
    _defaults()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(left, 0.925, title, size=26, weight="bold", color=INK)
    figure.text(left, 0.865, subtitle, size=17, color=GREY)
    return figure


def _defaults() -> None:
    """matplotlib as it is by itself: settings of the user, or in the current folder, make no other picture."""
    # It reads the variable when it is imported, and stops at a name that it does not know.
    os.environ.pop("MPLBACKEND", None)
    import matplotlib

    matplotlib.rcdefaults()
    matplotlib.rcParams["text.parse_math"] = False  # a name may hold a dollar


def png(figure: Any) -> bytes:
    """The figure as PNG: the same bytes for the same content."""
    content = BytesIO()
    figure.canvas.print_png(content, metadata={"Software": "dlab"})
    return content.getvalue()


def style(number: int) -> dict[str, Any]:
    """Colour and dashes of curve 0, 1, ...: all that are likely to meet in one picture differ."""
    return {"color": COLORS[number % len(COLORS)], "linestyle": DASHES[number // len(COLORS) % len(DASHES)]}


def halo() -> list[Any]:
    """A white edge around letters that may lie on a curve."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=5, foreground="white")]


def columns(panels: int) -> int:
    """How many panels side by side suit a slide that holds so many."""
    return next((count for count in range(1, 6) if count * max(1, count - 1) >= panels), 6)


def frame(axes: Any, title: str, xlabel: str = "", small: bool = False) -> None:
    """Headings, faint horizontal lines, and no box."""
    axes.set_title(title, loc="left", size=16 if small else 20, color=INK, pad=8 if small else 14)
    axes.set_xlabel(xlabel, size=14 if small else 17, color=INK)
    axes.tick_params(labelsize=12 if small else 15, colors=INK, length=0)
    axes.tick_params(axis="x", pad=8)  # the two labels at the origin do not touch
    axes.grid(axis="y", color=FAINT, linewidth=1)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#888888")


def legend(figure: Any, styles: Mapping[str, dict[str, Any]]) -> None:
    """The names of all curves, to the right of the panels."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], linewidth=3.2, label=textwrap.fill(name, 15), **style) for name, style in styles.items()]
    place = {"loc": "upper left", "bbox_to_anchor": (0.815, 0.79)}
    figure.legend(handles=handles, frameon=False, fontsize=14, handlelength=2.2, **place)


def log_scale(axes: Any, low: float, high: float) -> None:
    """A logarithmic vertical axis with plain numbers."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
