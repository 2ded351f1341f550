"""The report of whatever a folder holds."""

from dlab.report import measured, runs, shows, studies
from dlab.report.output import Output
from dlab.results.folder import Folder, RunFolder
from dlab.results.study import StudyFolder


def show(folder: Folder, output: Output, plots: bool) -> None:
    """Print it, and draw its figures if asked."""
    if isinstance(folder, StudyFolder):
        studies.show(folder, output, plots)
    elif folder.facts().get("shown"):
        shows.show(folder, output, plots)
    elif folder.facts().get("measured"):
        measured.show(folder, output, plots)
    elif isinstance(folder, RunFolder):
        runs.show(folder, output, plots)
