"""Several runs or studies side by side: where their specs differ, and what they came to."""

from collections.abc import Sequence
from typing import Any

from dlab.report import tables, words
from dlab.report.output import Output
from dlab.results import summary
from dlab.results.folder import Folder
from dlab.results.settings import flat
from dlab.results.study import StudyFolder
from dlab.spec.reading import read

IGNORED = ("name",)


def show(folders: Sequence[Folder], output: Output) -> None:
    """A column a folder; a line for every setting in which they differ, then their results."""
    settings = [flat(read(folder.spec).to_dict()) for folder in folders]
    keys = [key for key in dict.fromkeys(key for found in settings for key in found) if key not in IGNORED]
    differing = [key for key in keys if len({str(found.get(key)) for found in settings}) > 1]
    lines = {key: [_word(found.get(key)) for found in settings] for key in differing}
    results = [_result(folder) for folder in folders]
    lines |= {key: [found.get(key, "") for found in results] for key in dict.fromkeys(k for r in results for k in r)}
    names = [f"{folder.path.parent.name}/{folder.path.name}" for folder in folders]
    data = {
        "runs": [
            {"folder": str(folder.path), "settings": {key: found.get(key) for key in differing}, **folder.facts()}
            for folder, found in zip(folders, settings, strict=True)
        ]
    }
    output.show(data, tables.listing(["", *names], [(key, *cells) for key, cells in lines.items()]))


def _word(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _result(folder: Folder) -> dict[str, str]:
    facts = folder.facts()
    found = {"status": folder.status(), "time": words.duration(facts["seconds"]) if "seconds" in facts else ""}
    if isinstance(folder, StudyFolder):
        winner = summary.summarise(folder).best
        return found | {"best variant": winner.variant if winner else ""}
    final, best = facts.get("final") or {}, facts.get("best") or {}
    for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
        if final.get(name) is not None:
            say = words.share if name.endswith("accuracy") else words.loss
            found[name.replace("_", " ")] = f"{say(final[name])} (best {say(best.get(name))})"
    return found
