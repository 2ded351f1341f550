"""The places of a spec where one thing is picked by its name, and their short forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlab.spec.faults import Path
from dlab.spec.node import Node

EACH = "*"  # in a place: every index of a list


@dataclass(frozen=True)
class Choices:
    """Where a kind of spec picks one thing by name, and the key that names it.

    short: `optimizer: adam` may stand for `optimizer: {name: adam}`; spelled: only the long form is read
    defaults: what a mapping starts from when a setting reaches into one that was not written
    """

    short: Mapping[Path, str]
    spelled: Mapping[Path, str]
    defaults: Mapping[Path, dict[str, Any]]

    def tag(self, path: Path) -> str | None:
        """The key that picks the kind of thing at `path`; None where there is nothing to pick."""
        place = tuple(EACH if isinstance(step, int) else step for step in path)
        return self.short.get(place) or self.spelled.get(place)

    def expanded(self, root: Node) -> Node:
        """The document with each bare word written as a mapping."""
        for place, key in self.short.items():
            root = _expand(root, place, key)
        return root


TRAINING = Choices(
    short={
        ("data",): "name",
        ("loss",): "name",
        ("optimizer",): "name",
        ("schedule",): "name",
        ("model", "init"): "name",
        ("model", "layers", EACH): "type",
    },
    spelled={("model",): "preset"},
    defaults={
        ("loss",): {"name": "softmax_ce"},
        ("optimizer",): {"name": "momentum"},
        ("schedule",): {"name": "constant"},
        ("model", "init"): {"name": "he"},
    },
)


def _expand(node: Node, place: Path, key: str) -> Node:
    if not place:
        return Node({key: node}, node.place, node.key, node.text) if isinstance(node.value, str) else node
    steps: list[str | int] = [place[0]]
    if place[0] == EACH:
        steps = list(range(len(node.value))) if isinstance(node.value, tuple) else []
    for step in steps:
        if child := node.child(step):
            node = node.put(step, _expand(child, place[1:], key))
    return node
