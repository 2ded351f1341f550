"""The data sets and whether they are here."""

from dlab.errors import DataError
from dlab.registry import DATASETS
from dlab.report import tables, words
from dlab.report.output import Output


def show(output: Output) -> None:
    """List the data sets: name, what it is, and its shape or what is missing."""
    found = {name: {"about": _about(name), "state": _state(name)} for name in DATASETS}
    lines = [(name, *facts.values()) for name, facts in found.items()]
    output.show(found, tables.listing(("data set", "what it is", "state"), lines))


def _about(name: str) -> str:
    return (DATASETS[name].__doc__ or "").strip().splitlines()[0].split("; source")[0]


def _state(name: str) -> str:
    try:
        shape, outputs = DATASETS[name]().peek()
    except TypeError:
        return "needs options"
    except DataError as fault:
        return str(fault).splitlines()[0]
    return f"here: {words.shape(shape)}, {outputs} outputs"
