"""The figures of a study, each drawn again from its folder alone."""

from functools import partial

from dlab.report import bands, finals, gaps, illustrations, watched
from dlab.results import durable
from dlab.results.study import Outcome, StudyFolder


def draw(folder: StudyFolder) -> None:
    """Draw what a study's rows can show, and its illustrations."""
    outcomes = [outcome for outcome in folder.outcomes() if outcome.rows]
    if outcomes:
        _draw_outcomes(folder, outcomes)
    illustrations.draw(folder)


def _draw_outcomes(folder: StudyFolder, outcomes: list[Outcome]) -> None:
    """Draw the rows.

    results.png: the test split's curves; loss.png: the training loss; final.png: where every seed ended;
    gap.png: training against test.
    """
    last, title = outcomes[0].rows[-1], folder.path.name
    subtitle = ", ".join(filter(None, [folder.facts().get("about", ""), _seeds(outcomes)]))
    kind = "loss" if last.train_accuracy is None else "accuracy"
    split = "train" if last.test_loss is None else "test"
    pictures = {
        folder.picture: partial(bands.picture, outcomes, f"{split}_{kind}"),
        folder.path / "final.png": partial(finals.picture, folder.outcomes(), f"{split}_{kind}"),
        folder.path / "loss.png": partial(bands.picture, outcomes, "train_loss"),
    }
    if split == "test":
        pictures[folder.path / "gap.png"] = partial(gaps.picture, outcomes, kind)
    for path, picture in pictures.items():
        durable.replace(path, picture(title, subtitle))
    watched.draw(folder, outcomes, title, folder.facts().get("about", ""))


def _seeds(outcomes: list[Outcome]) -> str:
    count = len({outcome.cell.seed for outcome in outcomes})
    return f"{count} seeds" if count > 1 else "1 seed"
