"""The report of one run, read from its folder alone."""

from dataclasses import asdict

from dlab.report import tables
from dlab.report.output import Output
from dlab.results.folder import RunFolder


def show(folder: RunFolder, output: Output, plots: bool) -> None:
    """Print what a run has come to, and draw it if asked; a picture that fails is a warning."""
    if plots:
        try:
            _draw(folder)
        except Exception as fault:  # whatever it is, the results are there
            output.warn(f"no picture: {fault}")
    rows = folder.evaluations.read()
    facts = {"folder": str(folder.path), **folder.facts(), "status": folder.status()}
    output.show(facts | {"rows": [asdict(row) for row in rows]}, tables.evaluations(rows), tables.verdict(folder))


def _draw(folder: RunFolder) -> None:
    from dlab.report import figure, histograms, layers

    figure.draw(folder)
    if folder.layers.path.exists():
        layers.draw(folder)
    if folder.histograms.path.exists():
        histograms.draw(folder)
