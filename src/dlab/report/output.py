"""The one place that decides how dlab speaks: to a terminal, as plain lines, or as JSON."""

import errno
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from dlab.errors import EnvironmentFault, escaped

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

    def warn(self, text: str) -> None:
        """Something the user must know."""
        self.err.print(f"Warning: {text}")


def console(stream: TextIO) -> Console:
    """A console for text as it stands: no markup, whole tables off a terminal, no colour where NO_COLOR asks."""
    terminal = _terminal(stream)
    plain = bool(os.environ.get("NO_COLOR")) or not terminal
    return _Plain(
        file=_Careful(stream),  # type: ignore[arg-type]
        force_terminal=terminal,
        color_system=None if plain else "auto",
        width=None if terminal or _columns() else UNLIMITED,
        markup=False,
        emoji=False,
        highlight=False,
    )


class _Plain(Console):
    """A console on which names from outside cannot move the cursor or change colours."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escaped(segment.text), segment.style)


def _terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def _columns() -> bool:
    return os.environ.get("COLUMNS", "").isdigit()


class _Careful:
    """A stream that spells what its encoding lacks in ASCII, and falls silent when nobody listens any more."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        if not self.encoding.lower().startswith("utf"):
            text = text.translate(PLAIN).encode(self.encoding, "replace").decode(self.encoding)
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _try(self, call: Any, *arguments: str) -> None:
        try:
            call(*arguments)
        except OSError as fault:
            # What is still buffered would raise again when Python exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if fault.errno not in (errno.EPIPE, errno.EIO, errno.EBADF):
                raise EnvironmentFault(f"cannot write {self._stream.name}: {fault.strerror}") from fault
