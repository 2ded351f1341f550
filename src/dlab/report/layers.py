"""layers.png: how the gradients, outputs and weights of each layer change, drawn from layers.csv alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from dlab.report import canvas
from dlab.results import durable
from dlab.results.folder import RunFolder
from dlab.results.records import Observation

HEADINGS = {
    "gradient_rms": "Weight gradient (RMS)",
    "output_std": "Outputs (std)",
    "weight_l2": "Weights (L2 norm)",
    "weight_small": "Weights below .001",
    "signal_rms": "Signal, unit noise in (RMS)",
}

GRADIENTS, WEIGHTS = ("gradient_rms", "signal_rms"), ("weight_l2", "weight_small")


@dataclass(frozen=True)
class Curve:
    """Points under a name, in the order of x."""

    name: str
    x: Sequence[int]
    y: Sequence[float]


def draw(folder: RunFolder) -> None:
    """Draw layers.png of a run again, a curve for each layer over the iterations."""
    rows = folder.layers.read()
    names = [name for name in ("gradient_rms", "output_std", "weight_l2") if _known(rows, name)]
    if not names:
        return
    found = {name: over_steps(rows, name) for name in names}
    layers = list(dict.fromkeys(row.layer for row in rows))
    content = picture(found, _shades(layers), folder.path.name, folder.facts().get("about", ""), "iteration")
    durable.replace(folder.path / "layers.png", content)


def study(folders: Mapping[str, RunFolder], title: str, subtitle: str, names: Sequence[str]) -> bytes | None:
    """A curve over the layers for each of several runs: GRADIENTS at the start or WEIGHTS at the end; None for none."""
    tables = {label: folder.layers.read() for label, folder in folders.items() if folder.layers.exists()}
    end, when = (min, "at the start") if names == GRADIENTS else (max, "at the end")
    found: dict[str, list[Curve]] = {}
    for name in names:
        curves = [over_layers(label, _at(rows, end), name) for label, rows in tables.items() if rows]
        found |= {name: curves} if any(curve.x for curve in curves) else {}
    styles = {label: canvas.style(number) for number, label in enumerate(tables)}
    return picture(found, styles, title, f"{subtitle}: {when}", "layer") if found else None


def _at(rows: Sequence[Observation], end: Callable[[Iterable[int]], int]) -> list[Observation]:
    """The rows of the first or the last step."""
    step = end(row.step for row in rows)
    return [row for row in rows if row.step == step]


def over_steps(rows: Sequence[Observation], name: str) -> list[Curve]:
    """One column of layers.csv, layer by layer."""
    layers: dict[str, dict[int, float]] = {}
    for row in rows:
        if getattr(row, name) is not None:
            layers.setdefault(row.layer, {})[row.step] = getattr(row, name)
    return [Curve(layer, list(points), list(points.values())) for layer, points in layers.items()]


def over_layers(label: str, rows: Sequence[Observation], name: str) -> Curve:
    """One column of layers.csv at one step, over the layers counted from 1."""
    known = [(number, getattr(row, name)) for number, row in enumerate(rows, 1) if getattr(row, name) is not None]
    return Curve(label, [number for number, _ in known], [value for _, value in known])


def picture(
    found: Mapping[str, Sequence[Curve]], styles: Mapping[str, dict[str, Any]], title: str, subtitle: str, x: str
) -> bytes:
    """A panel for each column, with the same curves in each."""
    figure = canvas.blank(title, subtitle)
    places = figure.subplots(1, len(found), squeeze=False)[0]
    figure.subplots_adjust(left=0.085, right=0.79, top=0.76, bottom=0.115, wspace=0.34 if len(found) < 3 else 0.42)
    for axes, (name, curves) in zip(places, found.items(), strict=True):
        canvas.frame(axes, HEADINGS[name], x, small=len(found) > 2)
        _scale(axes, name, [value for curve in curves for value in curve.y if value > 0 and isfinite(value)])
        for curve in curves:
            _plot(axes, curve, styles[curve.name])
        _ticks(axes, sorted({x for curve in curves for x in curve.x}))
    canvas.legend(figure, styles)
    return canvas.png(figure)


def _plot(axes: Any, curve: Curve, style: dict[str, Any]) -> None:
    marker = "o" if len(curve.x) <= 12 else None
    logarithmic = axes.get_yscale() == "log"
    points = [y if isfinite(y) and (y > 0 or not logarithmic) else float("nan") for y in curve.y]
    axes.plot(curve.x, points, linewidth=2.8, marker=marker, markersize=7, **style)


def _scale(axes: Any, name: str, values: Sequence[float]) -> None:
    """Logarithmic for what passes from layer to layer by factors."""
    if values and (name.endswith("rms") or max(values) > 30 * min(values)):
        canvas.log_scale(axes, min(values), max(values))
    else:
        axes.set_ylim(0, 1.06 * max(values, default=1.0))


def _ticks(axes: Any, x: Sequence[int]) -> None:
    from matplotlib.ticker import FixedLocator, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True) if len(x) > 10 else FixedLocator(x))


def _known(rows: Sequence[Observation], name: str) -> bool:
    return any(getattr(row, name) is not None for row in rows)


def _shades(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """From dark to light, as the layers follow one another, in steps that all kinds of colour vision tell apart."""
    from matplotlib import colormaps

    ramp = colormaps["viridis"]
    return {name: {"color": ramp(0.88 * n / max(1, len(names) - 1)), "linestyle": "-"} for n, name in enumerate(names)}
