"""A spec file of any kind: how it is read, held against its grammar, and made into things."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from dlab.errors import OptionError
from dlab.spec import files
from dlab.spec.choices import Choices
from dlab.spec.describe import Schema
from dlab.spec.explain import Held, explain
from dlab.spec.faults import Fault, Path, Place, printable, refused
from dlab.spec.node import Node
from dlab.spec.overrides import Setting, apply
from dlab.spec.parser import parse
from dlab.spec.schema import Part

Made = TypeVar("Made")


@dataclass(frozen=True)
class Grammar:
    """One kind of spec: its pydantic model, its JSON Schema, and where it picks things by name."""

    model: Callable[[], type[BaseModel]]
    schema: Callable[[], Schema]
    choices: Choices


class Document(NamedTuple):
    """What was read: the tree, a name made of the file's name, and what is wrong so far."""

    root: Node
    stem: str
    faults: list[Fault]


def opened(source: str | FilePath) -> Document:
    """The document in a file, or of a name that ships with dlab."""
    path = files.find(source)
    name = printable(str(source) if FilePath(source) == path else path.name, 1000)
    root, faults = parse(files.read(path, name), lambda line, column: Place(name, line, column))
    if not root or not isinstance(root.value, dict):
        place = root.place if root else Place(name, 1, 1)
        raise refused(faults or [Fault(place, (), "expected a mapping: lines of key: value, such as data: mnist")])
    return Document(root, _stem(path), faults)


def checked(
    document: Document,
    given: list[Setting],
    choices: Choices,
    make: Callable[[Node], tuple[Made | None, list[Fault]]],
) -> Made:
    """What `make` makes of a document with settings over it, or all that is wrong with it."""
    root, wrong = apply(document.root, given, choices)
    faults = document.faults + wrong
    made, found = make(root)
    known = {fault.path for fault in faults}
    faults += [fault for fault in found if fault.path not in known]
    if faults or made is None:
        raise refused(faults)
    return made


def validated(root: Node, grammar: Grammar) -> tuple[Any, list[Fault]]:
    """The document as its pydantic model, or None and what is wrong."""
    try:
        return grammar.model().model_validate_json(json.dumps(root.plain())), []
    except ValidationError as error:
        return None, explain(error, Held(root, grammar.schema(), grammar.choices))


class Maker:
    """Makes registered things of validated parts, those inside first; what they refuse becomes faults."""

    def __init__(self, root: Node):
        self.root = root
        self.faults: list[Fault] = []

    def __call__(self, path: Path, part: Any) -> Any:
        """The thing that stands at `path`; None where it is refused."""
        if isinstance(part, tuple):
            return tuple(self((*path, index), one) for index, one in enumerate(part))
        if not isinstance(part, Part):
            return part
        before = len(self.faults)
        options = {name: self((*path, name), getattr(part, name)) for name in part.options()}
        if len(self.faults) > before:
            return None
        try:
            return part.entry(**options)
        except ValueError as error:
            self.faults.append(blamed(self.root, path, error))
            return None


def blamed(root: Node, path: Path, error: ValueError) -> Fault:
    """The fault that an error is, at the option it names."""
    field = error.field if isinstance(error, OptionError) else ""
    path = (*path, *(int(step) if step.isdigit() else step for step in field.split(".") if step))
    return Fault(root.nearest(path).place, path, str(error))


def _stem(path: FilePath) -> str:
    """A name made of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).lstrip("._-")[:64] or "spec"
