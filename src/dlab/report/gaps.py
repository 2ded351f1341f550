"""Training against test: one small panel a variant, with the gap between the two curves shaded."""

from collections.abc import Sequence
from typing import Any

from dlab.report import canvas
from dlab.report.bands import Band, bands
from dlab.results.study import Outcome


def picture(outcomes: Sequence[Outcome], kind: str, title: str, subtitle: str) -> bytes:
    """Mean train and test curves of every variant (kind: accuracy or loss), all panels on one scale."""
    curves = {split: {_name(band): band for band in bands(outcomes, f"{split}_{kind}")} for split in ("train", "test")}
    names = [name for name in curves["test"] if name in curves["train"]]
    columns = canvas.columns(len(names))
    rows = -(-len(names) // columns)
    figure = canvas.blank(title, f"{subtitle}: mean on training (dashed) and test samples")
    places = figure.subplots(rows, columns, squeeze=False, sharey=True, sharex=True)
    figure.subplots_adjust(left=0.075, right=0.97, top=0.74, bottom=0.1, wspace=0.12, hspace=0.72)
    for number, axes in enumerate(places.flat):
        if number < len(names):
            train, test = (curves[split][names[number]] for split in ("train", "test"))
            _panel(axes, train, test, kind)
            below = "iteration" if number >= len(names) - columns else ""
            canvas.frame(axes, f"{names[number]}\n{_gap(train, test, kind)}", below, small=True)
        axes.set_visible(number < len(names))
    return canvas.png(figure)


def _name(band: Band) -> str:
    return ", ".join(filter(None, (band.line, band.panel)))


def _panel(axes: Any, train: Band, test: Band, kind: str) -> None:
    axes.fill_between(test.steps, train.mean, test.mean, color=canvas.FAINT, linewidth=0)
    axes.plot(train.steps, train.mean, color=canvas.TRAIN, linestyle=(0, (4, 1.6)), linewidth=2.4)
    axes.plot(test.steps, test.mean, color=canvas.TEST, linewidth=2.4)
    if kind == "accuracy":
        axes.set_ylim(0, 103)


def _gap(train: Band, test: Band, kind: str) -> str:
    gap = train.mean[-1] - test.mean[-1]
    return f"gap {round(gap)}" if kind == "accuracy" else f"gap {-gap:.2f}"
