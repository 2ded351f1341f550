"""What the cells of a study watched of their layers: the first seed of every variant, side by side."""

import re
from collections.abc import Sequence

from dlab.report import histograms, layers
from dlab.results import durable
from dlab.results.folder import RunFolder
from dlab.results.study import Outcome, StudyFolder


def draw(folder: StudyFolder, outcomes: Sequence[Outcome], title: str, subtitle: str) -> None:
    """Draw histograms.png, weights.png, layers.png and norms.png, one of each for every choice of the further axes."""
    for panel, runs in _panels(folder, outcomes).items():
        under = ", ".join(filter(None, (panel, subtitle)))
        pictures = {
            "histograms": histograms.study(runs, title, under, "activations"),
            "weights": histograms.study(runs, title, under, "weights"),
            "layers": layers.study(runs, title, under, layers.GRADIENTS),
            "norms": layers.study(runs, title, under, layers.WEIGHTS),
        }
        ending = "-" + re.sub(r"[^A-Za-z0-9.]+", "-", panel) if panel else ""
        for name, content in pictures.items():
            if content:
                durable.replace(folder.path / f"{name}{ending}.png", content)


def _panels(folder: StudyFolder, outcomes: Sequence[Outcome]) -> dict[str, dict[str, RunFolder]]:
    """The runs of the first seed by the choices of the further axes, and among those by the first axis's."""
    found: dict[str, dict[str, RunFolder]] = {}
    for outcome in outcomes:
        line, *panel = outcome.cell.labels or ("base",)
        found.setdefault(", ".join(panel), {}).setdefault(line, folder.cell(outcome.cell.name))
    return found
