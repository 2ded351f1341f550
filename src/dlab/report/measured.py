"""The report of `dlab bench`, read from its folder alone: a table, a picture and a few sentences."""

from typing import Any

from rich.text import Text

from dlab.errors import DlabError
from dlab.report import tables
from dlab.report.output import Output
from dlab.results import durable
from dlab.results.folder import Folder
from dlab.results.measured import CONVOLUTIONS, BenchFolder

BUSY = 0.75  # where the limit fell below this share of its highest, others use the machine


def show(folder: Folder, output: Output, plots: bool) -> None:
    """Print what was measured, and draw it if asked; a picture that fails is a warning."""
    found, facts = BenchFolder(folder.path), {**folder.facts(), "status": folder.status()}
    kind, rows = _read(found, facts)
    lines = kind.sentences(rows, facts) if rows else [facts["status"]]
    if rows and plots:
        _draw(found, kind, rows, facts, output)
    if facts.get("lowest_fma_limit", 0) < BUSY * facts.get("fma_limit", 0):
        output.warn(
            f"the machine is busy: its multiply-add limit was {facts['fma_limit']:.0f} GFLOP/s at best and "
            f"{facts['lowest_fma_limit']:.0f} at worst; times on one thread (--threads 1) suffer less"
        )
    told = {"folder": str(folder.path), **facts, "rows": tables.plain(rows)}
    output.show(told, kind.table(rows), Text("\n".join([*lines, str(folder.path)])))


def _read(folder: BenchFolder, facts: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The module that tells this kind of measurement, and the rows: none where it did not come to its end."""
    from dlab.report import steps, ways

    kind, table = (ways, folder.ways) if facts["measured"] == CONVOLUTIONS else (steps, folder.calls)
    return kind, table.read() if table.exists() else []


def _draw(folder: BenchFolder, kind: Any, rows: list[Any], facts: dict[str, Any], output: Output) -> None:
    try:
        durable.replace(folder.path / kind.PICTURE, kind.picture(rows, facts, folder.path.name))
    except (DlabError, OSError, ValueError, RuntimeError) as fault:
        output.warn(f"no picture: {fault}")
