"""Runs the demonstrations of a spec, one after the other, and keeps what they find."""

import time
from collections.abc import Callable
from pathlib import Path

from dlab.errors import OptionError
from dlab.results import findings
from dlab.spec.demonstrations import Demonstrations
from dlab.studies.filters.engine import Engine


def outline(spec: Demonstrations) -> dict[str, list[str]]:
    """What each demonstration will compute; a SpecError tells all that does not fit."""
    lines: dict[str, list[str]] = {}
    errors: dict[str, OptionError] = {}
    for name, demonstration in spec.shown.items():
        try:
            lines[name] = demonstration.outline()
        except OptionError as error:
            errors[name] = error
    if errors:
        raise spec.refused(errors)
    return lines


def run(spec: Demonstrations, engine: Engine, folder: Path, say: Callable[[str], object]) -> None:
    """Compute every demonstration and save its findings in the folder."""
    for name, demonstration in spec.shown.items():
        begun = time.monotonic()
        findings.save(folder, name, demonstration.run(engine))
        say(f"{name}: {time.monotonic() - begun:.1f} s")
