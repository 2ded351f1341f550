"""From a spec with `compare:` to a study's folder with a folder for every cell."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from dlab.errors import DlabError
from dlab.results import durable
from dlab.results.folder import RunFolder
from dlab.results.session import subject
from dlab.results.shelf import numbered
from dlab.results.study import CELLS, Cell, StudyFolder
from dlab.spec import Spec, load, vary


def cells(spec: Spec) -> dict[Cell, Spec]:
    """Every variant with every seed; all variants get their first seed first, so that a study cut short says much."""
    assert spec.compare
    return {
        Cell(variant.name, variant.labels, seed): vary(spec, variant, seed)
        for seed in spec.compare.all_seeds()
        for variant in spec.compare.all()
    }


def prepare(root: Path, command: str, name: str, spec: Spec) -> StudyFolder:
    """The folder for a study: one that holds the same study, with whatever of it has run, or else a new one.

    A study is the same if its base spec is; it may have got more seeds or other variants, but none that differs
    under its old name.
    """
    wanted = cells(spec)
    folder = next(folder for path in numbered(root / command, name) if (folder := _suitable(path, spec, wanted)))
    durable.make_folder(folder.path / CELLS)
    for cell, varied in wanted.items():
        _fill(folder.cell(cell.name), varied)
    durable.replace(folder.spec, spec.to_yaml().encode())
    facts: dict[str, Any] = {"about": subject(spec), "variants": len(spec.compare.all()) if spec.compare else 0}
    compare = {"baseline": spec.compare.baseline, "target": spec.compare.target} if spec.compare else {}
    folder.announce(list(wanted), **facts, **compare)
    return folder


def _suitable(path: Path, spec: Spec, wanted: dict[Cell, Spec]) -> StudyFolder | None:
    folder = StudyFolder(path)
    if durable.claim_folder(path):
        return folder
    found = _stored(folder.spec)
    if found is None or replace(found, compare=None) != replace(spec, compare=None):
        return None
    stored = {cell: _stored(folder.cell(cell.name).spec) for cell in wanted}
    return folder if all(stored[cell] in (None, varied) for cell, varied in wanted.items()) else None


def _stored(path: Path) -> Spec | None:
    """A spec that was kept, None where there is none that this dlab reads."""
    try:
        return load(path) if path.exists() else None
    except DlabError:
        return None


def _fill(folder: RunFolder, spec: Spec) -> None:
    if not folder.spec.exists():
        durable.make_folder(folder.path)
        folder.prepare(spec.to_yaml(), spec.data.validation is not None)
