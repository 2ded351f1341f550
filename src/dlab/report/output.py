"""The one place that decides how dlab speaks: to a terminal, as plain lines, or as JSON."""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.control import Control
from rich.segment import ControlType, Segment

from dlab.errors import escaped

UNLIMITED = 10_000
PLAIN = str.maketrans(
    {
        "×": "x",
        "·": "|",
        "–": "-",
        "—": "-",
        "…": "...",
        "±": "+/-",
        "→": "->",
        "✓": "ok",
        "−": "-",
        "°": " deg",
        "µ": "u",
    }
)


class Output:
    """Data goes to stdout, progress and warnings to stderr; `quiet` leaves the last word only."""

    def __init__(self, quiet: bool = False, as_json: bool = False):
        self.quiet = quiet
        self.as_json = as_json
        self.live = not quiet and _terminal(sys.stderr)
        self.out = console(sys.stdout)
        self.err = console(sys.stderr)

    def show(self, data: Any, *pieces: RenderableType) -> None:
        """The result: one JSON object, or pieces to read, of which `quiet` keeps the last."""
        if self.as_json:
            self.out.file.write(json.dumps(data, indent=2, allow_nan=False) + "\n")
            return self.out.file.flush()
        for piece in pieces[-1:] if self.quiet else pieces:
            self.out.print(piece)

    def note(self, text: str) -> None:
        """Something worth knowing, unless quiet was asked for."""
        if not self.quiet:
            self.err.print(text)

    def moving(self, text: str, last: bool) -> None:
        """A line on a terminal of which the next one takes the place, unless it is the last."""
        self.err.print(text, end="\n" if last else "")
        if not last:
            self.err.control(Control(ControlType.CARRIAGE_RETURN))

    def warn(self, text: str) -> None:
        """Something the user must know."""
        self.err.print(f"Warning: {text}")


def console(stream: TextIO) -> Console:
    """A console for text as it stands: no markup, whole tables off a terminal, no colour where NO_COLOR asks."""
    terminal = _terminal(stream)
    plain = bool(os.environ.get("NO_COLOR")) or not terminal
    return _Plain(
        file=_Spelled(stream),  # type: ignore[arg-type]
        force_terminal=terminal,
        color_system=None if plain else "auto",
        width=_columns() or (None if terminal else UNLIMITED),
        markup=False,
        emoji=False,
        highlight=False,
        _environ={name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
    )


class _Plain(Console):
    """A console on which names from outside cannot move the cursor or change colours."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escaped(segment.text), segment.style)


def _terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def _columns() -> int | None:
    """The width that was asked for, if it is one."""
    given = os.environ.get("COLUMNS", "")
    return int(given) or None if given.isdecimal() and len(given) < 9 else None


class _Spelled:
    """A stream that spells in ASCII what its encoding lacks."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        if not self.encoding.lower().startswith("utf"):
            text = text.translate(PLAIN).encode(self.encoding, "replace").decode(self.encoding)
        self._stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
