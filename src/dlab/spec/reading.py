"""A spec of whichever kind a file holds."""

from collections.abc import Iterable
from pathlib import Path

from dlab.spec import build, demonstrations
from dlab.spec.document import opened
from dlab.spec.kinds import FILTER_DEMO, command_of
from dlab.spec.specification import Written


def read(source: str | Path, overrides: Iterable[str] = (), seed: int | None = None) -> Written:
    """The spec of a training run or of demonstrations, with settings laid over it; the seed is for training alone."""
    if command_of(opened(source).root) == FILTER_DEMO:
        return demonstrations.load(source, overrides)
    return build.load(source, overrides, seed)
