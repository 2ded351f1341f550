"""Streams that never stop a run: what cannot be written is dropped, and the fault is kept for whoever asks."""

import io
import os
import sys
from pathlib import Path
from select import select
from typing import Any, TextIO


class Patient(io.FileIO):
    """A file whose `fault` is the first error of writing to it; there is no other sign of it."""

    fault: OSError | None = None

    def write(self, content: Any) -> int:
        """Write what can be written, and count all as written."""
        try:
            while self.fault is None:
                if (count := super().write(content)) is not None:
                    return count
                select([], [self.fileno()], [])  # somebody made it non-blocking, and it is full at the moment
        except OSError as fault:
            self.fault = fault
        return len(content)


def patient(file: int | Path, encoding: str = "utf-8") -> TextIO:
    """A line-buffered text stream to an open file, or to the end of one; it spells what its encoding lacks."""
    raw = Patient(file, "a" if isinstance(file, Path) else "w", closefd=isinstance(file, Path))
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", line_buffering=True)


def take_over() -> None:
    """Make stdout and stderr patient; a stream that is closed leads nowhere."""
    while (file := os.open(os.devnull, os.O_RDWR)) <= 2:  # or the next file that is opened would be taken for stdout
        os.set_inheritable(file, True)
    os.close(file)
    for number, name in enumerate(("stdout", "stderr"), start=1):
        stream = getattr(sys, name)
        setattr(sys, name, patient(number, stream.encoding if stream else "utf-8"))


def fault_of(stream: TextIO) -> OSError | None:
    """Why nothing more was written to a stream, None if all was."""
    stream.flush()
    return getattr(getattr(getattr(stream, "buffer", None), "raw", None), "fault", None)
