"""A YAML document as a tree of values that know where they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from dlab.spec.faults import Path, Place
from dlab.spec.scalars import Scalar

Value: TypeAlias = "Scalar | dict[str, Node] | tuple[Node, ...]"


@dataclass(frozen=True)
class Node:
    """A value, the place where it stands, the place of its key, and what was written there."""

    value: Value
    place: Place
    key: Place
    text: str

    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, tuple):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, step: str | int) -> "Node | None":
        """The value under a key or an index, None if there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, tuple) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def at(self, path: Path) -> "Node | None":
        """The value at the end of a path, None if there is none."""
        node: Node | None = self
        for step in path:
            node = node.child(step) if node else None
        return node

    def nearest(self, path: Path) -> "Node":
        """The value at the end of a path, or its closest parent that was written down."""
        found = self.at(path)
        return found if found else self.nearest(path[:-1])

    def put(self, step: str | int, child: "Node") -> "Node":
        """This mapping or list with one entry set."""
        if isinstance(self.value, dict):
            return replace(self, value={**self.value, str(step): child})
        assert isinstance(self.value, tuple)
        assert isinstance(step, int)
        return replace(self, value=(*self.value[:step], child, *self.value[step + 1 :]))

    def without(self, key: str) -> "Node":
        """This mapping with one entry left out."""
        assert isinstance(self.value, dict)
        return replace(self, value={name: child for name, child in self.value.items() if name != key})


def node_of(value: Any, place: Place) -> Node:
    """Plain dicts, lists and scalars as a tree that stands at one place."""
    made: Value = value
    if isinstance(value, Mapping):
        made = {str(key): node_of(child, place) for key, child in value.items()}
    elif isinstance(value, Sequence) and not isinstance(value, str):
        made = tuple(node_of(child, place) for child in value)
    return Node(made, place, place, str(value))
