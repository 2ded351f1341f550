"""The effective rates of adaptive optimizers along one stream of gradients."""

from collections.abc import Sequence
from typing import Any

from dlab.report import canvas, labels
from dlab.results.illustrations import RatePoint


def picture(points: Sequence[RatePoint], title: str, subtitle: str) -> bytes:
    """Above, the gradients; below, what each optimizer multiplies them by."""
    curves: dict[str, list[RatePoint]] = {}
    for point in points:
        curves.setdefault(point.optimizer, []).append(point)
    figure = canvas.blank(title, subtitle)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (1, 3.2)})
    figure.subplots_adjust(left=0.075, right=0.79, top=0.77, bottom=0.115, hspace=0.36)
    _gradients(above, points[: len(points) // len(curves)])
    _rates(below, curves)
    return canvas.png(figure)


def _gradients(axes: Any, curve: Sequence[RatePoint]) -> None:
    axes.plot([point.step for point in curve], [point.gradient for point in curve], color=canvas.GREY, linewidth=0.6)
    canvas.frame(axes, "Gradient g", small=True)


def _rates(axes: Any, curves: dict[str, list[RatePoint]]) -> None:
    lr = next(iter(curves.values()))[0].lr
    canvas.frame(axes, f"Effective rate: lr {lr:g} divided by √h + ε", "step", small=True)
    styles = {name: canvas.style(number) for number, name in enumerate(curves)}
    for name, curve in curves.items():
        axes.plot([point.step for point in curve], [point.rate for point in curve], linewidth=3, **styles[name])
    rates = [point.rate for curve in curves.values() for point in curve]
    canvas.log_scale(axes, min(rates), max(rates))
    axes.set_xlim(0, max(curve[-1].step for curve in curves.values()))
    ends = {f"{name} {curve[-1].rate:.2g}": (curve[-1].step, curve[-1].rate) for name, curve in curves.items()}
    colors = {text: style["color"] for text, style in zip(ends, styles.values(), strict=True)}
    labels.at_ends(axes, ends, colors, size=17)
