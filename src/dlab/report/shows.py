"""The report of `dlab filter-demo`, read from the run's folder alone."""

from importlib import import_module
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from dlab.errors import DlabError
from dlab.report import words
from dlab.report.output import Output
from dlab.results import durable, findings
from dlab.results.folder import Folder

MOST = 100  # numbers of an array that stands in the JSON object


def show(folder: Folder, output: Output, plots: bool) -> None:
    """Print what every demonstration found, and draw it if asked; a picture that fails is a warning."""
    pieces: list[RenderableType] = []
    told: dict[str, Any] = {}
    pictures: list[str] = []
    for name in folder.facts().get("shown", []):
        found = findings.load(folder.path, name)
        if plots:
            pictures += _drawn(folder, name, found, output)
        pieces += _module(name).tell(found)
        small = {key: array.tolist() for key, array in found.arrays.items() if array.size <= MOST}
        told[name] = {"rows": found.rows, "arrays": small}
    facts = {"folder": str(folder.path), **folder.facts(), "status": folder.status()}
    output.show(facts | {"demonstrations": told, "pictures": pictures}, *pieces, _verdict(folder, pictures))


def picture(name: str, found: findings.Findings) -> bytes | None:
    """The slide of one demonstration; None where it has none."""
    from dlab.report import canvas

    draw = getattr(_module(name), "draw", None)
    return canvas.png(draw(found)) if draw else None


def _drawn(folder: Folder, name: str, found: findings.Findings, output: Output) -> list[str]:
    try:
        if content := picture(name, found):
            durable.replace(folder.path / f"{name}.png", content)
            return [f"{name}.png"]
    except (DlabError, OSError, ValueError, RuntimeError) as fault:
        output.warn(f"no picture of {name}: {fault}")
    return []


def _verdict(folder: Folder, pictures: list[str]) -> Text:
    facts = folder.facts()
    lines = [f"{folder.status()}: {', '.join(facts.get('shown', []))}"]
    if "seconds" in facts:
        lines.append(words.duration(facts["seconds"]))
    return Text("\n".join(["", *lines, *([f"pictures: {', '.join(pictures)}"] if pictures else []), str(folder.path)]))


def _module(name: str) -> Any:
    return import_module(f"dlab.report.demonstrations.{name}")
