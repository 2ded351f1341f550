"""The ways of optimizers over a surface: a small panel for each, with contour lines and a dot a step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlab.optim.surfaces import Surface
from dlab.report import canvas
from dlab.results.illustrations import PathPoint

Walk = tuple[str, float, float]  # optimizer, rate, noise


def picture(points: Sequence[PathPoint], surface: Surface, title: str, lesson: str) -> bytes:
    """The points of one surface; of several runs with noise the first is drawn, and where the others end."""
    walks: dict[Walk, dict[int, list[PathPoint]]] = {}
    for point in points:
        walks.setdefault((point.optimizer, point.lr, point.noise), {}).setdefault(point.run, []).append(point)
    names = list(dict.fromkeys(name for name, _, _ in walks))
    figure = canvas.blank(title, f"E = {surface.formula}; {lesson}")
    columns = canvas.columns(len(walks))
    places = figure.subplots(-(-len(walks) // columns), columns, squeeze=False).flat
    figure.subplots_adjust(left=0.075, right=0.97, top=0.745, bottom=0.04, wspace=0.1, hspace=0.42)
    size = 17 if columns <= 3 else 14
    for axes, (walk, runs) in zip(places, walks.items(), strict=False):
        _contours(axes, surface)
        _ways(axes, list(runs.values()), canvas.style(names.index(walk[0]))["color"])
        _marks(axes, surface)
        _heading(axes, walk, _end(surface, [run[-1] for run in runs.values()]), size)
    _name(figure.axes[0], surface, size - 3)
    for axes in figure.axes[len(walks) :]:
        axes.set_visible(False)
    return canvas.png(figure)


def _contours(axes: Any, surface: Surface) -> None:
    """Lines of equal E, as many of them on steep ground as on flat."""
    x, y = (np.linspace(*edge, 121) for edge in surface.window)
    heights = surface.value(np.stack(np.meshgrid(x, y), axis=-1))
    levels = np.unique(np.quantile(heights, (0.02, 0.08, 0.16, 0.28, 0.42, 0.56, 0.7, 0.84, 0.95)))
    axes.contour(x, y, heights, levels, colors="#C4C4C4", linewidths=1)
    axes.set(xlim=surface.window[0], ylim=surface.window[1], xticks=[], yticks=[], aspect="equal", anchor="NW")
    axes.spines[:].set_visible(False)


def _ways(axes: Any, runs: Sequence[Sequence[PathPoint]], color: str) -> None:
    way = [(point.x, point.y) for point in runs[0]]
    thin = {"linewidth": 1.6, "markersize": 4} if len(runs) == 1 else {"linewidth": 0.8, "markersize": 2}
    axes.plot(*zip(*way, strict=True), "o-", color=color, **thin)
    ends = [(run[-1].x, run[-1].y) for run in runs]
    axes.plot(*zip(*ends, strict=True), "o", color=color, markersize=8, markeredgecolor="white", zorder=4)


def _marks(axes: Any, surface: Surface) -> None:
    """The start as a ring, the minima as crosses."""
    ring = {"color": "white", "markeredgecolor": canvas.INK, "markeredgewidth": 2, "markersize": 9}
    axes.plot(*surface.start, "o", zorder=5, **ring)
    axes.plot(*zip(*surface.minima, strict=True), "P", zorder=5, **canvas.MINIMUM)


def _name(axes: Any, surface: Surface, size: float) -> None:
    """What the marks and the directions are."""
    axes.set_xlabel("x", size=size, color=canvas.GREY, labelpad=2, loc="right")
    axes.set_ylabel("y", size=size, color=canvas.GREY, labelpad=4, rotation=0, ha="right")
    how = {"textcoords": "offset points", "size": size, "color": canvas.INK, "path_effects": canvas.halo()}
    inwards = 1 if surface.start[0] < sum(surface.window[0]) / 2 else -1
    axes.annotate("start", surface.start, (9 * inwards, 5), ha="left" if inwards > 0 else "right", **how)
    words = ("minimum",) if len(surface.minima) == 1 else ("deep", "shallow")
    for word, place in zip(words, surface.minima, strict=True):
        axes.annotate(word, place, (0, -9 - size), ha="center", **how)


def _heading(axes: Any, walk: Walk, end: str, size: float) -> None:
    name, lr, noise = walk
    text = f"{name} with noise" if noise else name
    axes.set_title(text, loc="left", size=size, weight="bold", color=canvas.INK, pad=6 + 1.15 * size)
    how = {"textcoords": "offset points", "size": size - 3, "color": canvas.GREY}
    axes.annotate(f"lr {lr:g}: {end}", (0, 1), (0, 6), xycoords="axes fraction", **how)


def _end(surface: Surface, ends: Sequence[PathPoint]) -> str:
    """Where the runs have come to, in words."""
    if len(surface.minima) == 1:
        value = ends[0].value
        return f"E {f'= {value:.2g}' if value > 1e-4 else '< 0.0001'} after {ends[0].step} steps"
    away = np.linalg.norm([[(end.x - x, end.y - y) for x, y in surface.minima] for end in ends], axis=-1)
    deep = int((away.argmin(axis=1) == 0).sum())
    if len(ends) > 1:
        return f"{deep} of {len(ends)} reach the deep valley"
    return "reaches the deep valley" if deep else "stays in the shallow valley"
