"""YAML text to a tree of nodes, with every fault that can be found on the way.

The tree is built from parser events, so nesting and size are bounded while they are read.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml

from dlab.spec.faults import Fault, FaultError, Path, Place, printable
from dlab.spec.node import Node, Value
from dlab.spec.scalars import resolve

MOST_DEPTH = 32
MOST_VALUES = 4000

Locate = Callable[[int, int], Place]  # from line and column, both counted from 1

SPACES = {"\t": "a tab", "\xa0": "a no-break space", "\u3000": "a wide space", "\ufeff": "a byte order mark"}
INVISIBLE = re.compile(r"[^#\n]*?([\t\xa0\x85\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff])")


def parse(text: str, locate: Locate) -> tuple[Node | None, list[Fault]]:
    """The one document in `text`, and its faults; None where it cannot be read at all."""
    faults = _invisible(text, locate)
    if faults:
        return None, faults
    builder = Builder(text, locate)
    try:
        return builder.document(), builder.faults
    except FaultError as stop:
        return None, [*builder.faults, stop.fault]
    except yaml.YAMLError as error:
        return None, [*builder.faults, _syntax(error, text, locate)]
    except Exception as error:  # PyYAML leaks errors of many types from malformed text; none may leave here
        message = f"cannot be read as YAML ({type(error).__name__})"
        return None, [*builder.faults, Fault(locate(1, 1), (), message)]


def _invisible(text: str, locate: Locate) -> list[Fault]:
    """Characters outside comments that look like a space and are none."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if match := INVISIBLE.match(line):
            name = SPACES.get(match[1], f"the invisible character U+{ord(match[1]):04X}")
            found.append(Fault(locate(number, match.start(1) + 1), (), f"{name} stands here: write a plain space"))
    return found


def _syntax(error: yaml.YAMLError, text: str, locate: Locate) -> Fault:
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        place = locate(before.count("\n") + 1, error.position - before.rfind("\n"))
        return Fault(place, (), f"the character {printable(chr(error.character))} is not allowed in YAML")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = locate(mark.line + 1, mark.column + 1) if mark else locate(1, 1)
    problem = printable(getattr(error, "problem", None) or "unreadable", 200)
    hint = '. Is a text with ": " in it not quoted, or a line indented wrongly?' if "mapping values" in problem else ""
    return Fault(place, (), f"not YAML: {problem}{hint}")


class Builder:
    """Builds the tree of one document from the events of PyYAML's pure-Python parser, which cannot crash."""

    def __init__(self, text: str, locate: Locate):
        self.events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        self.locate = locate
        self.faults: list[Fault] = []
        self.count = 0

    def document(self) -> Node | None:
        """The only document there is."""
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        root = self._node(next(self.events), ())
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._fault(after, (), "a second document begins here: one file holds one spec")
        return root

    def _node(self, event: Any, path: Path, key: Place | None = None) -> Node:
        self._check(event, path)
        place = self._place(event)
        value: Value = None
        text = ""
        if isinstance(event, yaml.ScalarEvent):
            value, text = self._scalar(event, path), event.value
        elif isinstance(event, yaml.MappingStartEvent):
            value, text = self._mapping(path), "a mapping"
        elif isinstance(event, yaml.SequenceStartEvent):
            value, text = self._sequence(path), "a list"
        return Node(value, place, key or place, text)

    def _check(self, event: Any, path: Path) -> None:
        self.count += 1
        if len(path) > MOST_DEPTH:
            raise FaultError(Fault(self._place(event), (), f"nested too deep (at most {MOST_DEPTH} levels)"))
        if self.count > MOST_VALUES:
            raise FaultError(Fault(self._place(event), (), f"too many values (at most {MOST_VALUES})"))
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, path, f"aliases (*{printable(str(event.anchor))}) are not allowed: write the value out")
        elif getattr(event, "anchor", None):
            self._fault(event, path, f"anchors (&{printable(event.anchor)}) are not allowed")
        if getattr(event, "tag", None):
            self._fault(event, path, f"tags ({printable(event.tag)}) are not allowed")

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Value:
        text = self._text(event, path)
        if event.style:
            return text
        try:
            return resolve(text)
        except ValueError as error:
            self._fault(event, path, f"{error} (got {printable(text)})")
            return text

    def _text(self, event: yaml.ScalarEvent, path: Path) -> str:
        text = printable(event.value, len(event.value))
        if text != event.value:
            self._fault(event, path, f'"{printable(event.value)}" has characters that cannot be printed')
        return text

    def _sequence(self, path: Path) -> tuple[Node, ...]:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return tuple(items)

    def _mapping(self, path: Path) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            child = self._node(next(self.events), (*path, key), self._place(event))
            if key in entries:
                first = entries[key].key
                self._fault(event, (*path, key), f"is given twice, in lines {first.line} and {child.key.line}")
            else:
                entries[key] = child
        return entries

    def _key(self, event: Any, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._fault(event, (*path, "?"), "a key must be a word")
            self._node(event, (*path, "?"))
            return "?"
        key = self._text(event, (*path, printable(event.value)))
        self._check(event, (*path, key))
        if key == "<<":
            self._fault(event, (*path, key), "merge keys are not allowed: write the values out")
        return key

    def _place(self, event: Any) -> Place:
        return self.locate(event.start_mark.line + 1, event.start_mark.column + 1)

    def _fault(self, event: Any, path: Path, message: str) -> None:
        self.faults.append(Fault(self._place(event), path, message))
