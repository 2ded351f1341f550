"""What `dlab data` does: the data sets, whether they are here, and how they come here."""

from collections.abc import Callable

from dlab.data import files
from dlab.data.catalogue import Row, available
from dlab.data.sets.mnist import COLLECTIONS
from dlab.registry import DATASETS
from dlab.report import tables, words
from dlab.report.output import Output


def show(output: Output) -> None:
    """List the data sets: name, what it is, where it is, and its sizes."""
    rows = available()
    facts = {row.name: {"about": _about(row.name), **row._asdict()} for row in rows}
    heads = ("data set", "what it is", "where", "shape", "training>", "test>")
    output.show(facts, tables.listing(heads, map(_cells, rows)))


def fetch(name: str, output: Output) -> None:
    """Download a data set into the cache; what is there and sound is kept."""
    folder = files.fetch(COLLECTIONS[name], _teller(output))
    output.show({"name": name, "folder": str(folder)}, f"{name} is in {folder}")


def _cells(row: Row) -> tuple[str, ...]:
    shape = words.shape(row.shape) if isinstance(row.shape, tuple) else ""
    counts = [f"{count:,}" if isinstance(count, int) else "" for count in (row.train, row.test)]
    return row.name, _about(row.name), row.found or _missing(row.name), shape, *counts


def _missing(name: str) -> str:
    return f"not here: dlab data fetch {name}" if name in COLLECTIONS else "where data.path says"


def _about(name: str) -> str:
    return (DATASETS[name].__doc__ or "").strip().splitlines()[0].split("; s")[0]


def _teller(output: Output) -> Callable[[str, int, int], None]:
    """Progress on stderr: a line that moves on a terminal, a line per finished file anywhere else."""

    def told(file: str, done: int, size: int) -> None:
        if output.live:
            output.moving(f"{file}  {100 * done // size:3} %", last=done == size)
        elif done == size:
            output.note(f"{file}  {words.size(size)}")

    return told
