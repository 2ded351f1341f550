"""The places of a spec where one thing is picked by its name, and their short forms."""

from typing import Any

from dlab.spec.faults import Path
from dlab.spec.node import Node

NAMED: tuple[Path, ...] = (("data",), ("loss",), ("optimizer",), ("schedule",), ("model", "init"))
DEFAULTS: dict[Path, dict[str, Any]] = {
    ("loss",): {"name": "softmax_ce"},
    ("optimizer",): {"name": "momentum"},
    ("schedule",): {"name": "constant"},
    ("model", "init"): {"name": "he"},
}
LAYERS: Path = ("model", "layers")


def tag(path: Path) -> str | None:
    """The key that picks the kind of thing at `path`; None where there is nothing to pick."""
    if path in NAMED:
        return "name"
    if path[:-1] == LAYERS:
        return "type"
    return "preset" if path == ("model",) else None


def expanded(root: Node) -> Node:
    """The document with each bare word written as a mapping: `optimizer: adam` is `optimizer: {name: adam}`."""
    for path in NAMED:
        root = _expand(root, path, "name")
    layers = root.at(LAYERS)
    count = len(layers.value) if layers and isinstance(layers.value, tuple) else 0
    for index in range(count):
        root = _expand(root, (*LAYERS, index), "type")
    return root


def _expand(node: Node, path: Path, key: str) -> Node:
    if not path:
        return Node({key: node}, node.place, node.key, node.text) if isinstance(node.value, str) else node
    child = node.child(path[0])
    return node.put(path[0], _expand(child, path[1:], key)) if child else node
