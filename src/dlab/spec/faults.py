"""What is wrong in a spec, where, and how it is told: `file:line:column: key: what is wrong`."""

from collections.abc import Iterable
from typing import NamedTuple

from dlab.errors import SpecError, escaped

Path = tuple[str | int, ...]  # from the top of a spec to a value, e.g. ("model", "layers", 0, "filters")


class Place(NamedTuple):
    """A position in a file, or the text of an override, which has no line."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


class Fault(NamedTuple):
    """One thing that is wrong."""

    place: Place
    path: Path
    message: str

    def __str__(self) -> str:
        key = f"{printable(dotted(self.path))}: " if self.path else ""
        return f"{self.place}: {key}{self.message}"


class FaultError(SpecError):
    """Reading cannot go on after this fault."""

    def __init__(self, fault: Fault):
        super().__init__(str(fault))
        self.fault = fault


def refused(faults: Iterable[Fault]) -> SpecError:
    """All faults as one error, one line each, in the order of the file; overrides come last."""
    ordered = sorted(faults, key=lambda fault: (fault.place.line == 0, fault.place.line, fault.place.column))
    return SpecError("\n".join(dict.fromkeys(map(str, ordered))))


def dotted(path: Path) -> str:
    """The path as it is written in an override."""
    return ".".join(map(str, path))


def printable(text: str, most: int = 80) -> str:
    """`text` safe to print: control characters and lone surrogates escaped, cut at `most` characters."""
    cut = text if len(text) <= most else text[:most] + "..."
    return escaped(cut, kept="")
