"""Which command a spec is for."""

from pathlib import Path

from dlab.registry import DEMONSTRATIONS
from dlab.spec.node import Node

FILTER_DEMO, TRAIN = "filter-demo", "train"


def command_of(root: Node) -> str:
    """The command that takes this document: `filter-demo` where it names demonstrations and no data or model."""
    keys = root.value if isinstance(root.value, dict) else {}
    if "data" in keys or "model" in keys:
        return TRAIN
    return FILTER_DEMO if any(name in keys for name in DEMONSTRATIONS) else TRAIN


def headline(path: Path) -> tuple[str, str]:
    """What a spec that ships with dlab says of itself: the command that runs it, and what it shows.

    Its first line is a comment on what it shows, its second, such as `#   dlab train lenet.yaml`, how to run it.
    """
    shows, run, *_ = path.read_text(encoding="utf-8").split("\n")
    return run.split()[2], shows.removeprefix("# ")
