"""The figures of a study, each drawn again from its folder alone."""

from dlab.report import bands
from dlab.results import durable
from dlab.results.study import Outcome, StudyFolder


def draw(folder: StudyFolder) -> None:
    """Draw results.png (the study's metric) and loss.png (training loss)."""
    outcomes = [outcome for outcome in folder.outcomes() if outcome.rows]
    if not outcomes:
        return
    about, title = folder.facts().get("about", ""), folder.path.name
    subtitle = f"{about}; mean ± standard deviation, {_seeds(outcomes)}"
    metric = "test_accuracy" if outcomes[0].rows[-1].test_accuracy is not None else "test_loss"
    names = {folder.picture: metric, folder.path / "loss.png": "train_loss"}
    for path, name in names.items():
        if any(getattr(outcome.rows[-1], name) is not None for outcome in outcomes):
            durable.replace(path, bands.picture(outcomes, name, title, subtitle))


def _seeds(outcomes: list[Outcome]) -> str:
    count = len({outcome.cell.seed for outcome in outcomes})
    return f"{count} seeds" if count > 1 else "1 seed"
