"""The spec of `dlab filter-demo`: each of its sections is one demonstration with its options."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path as FilePath
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, create_model

from dlab.errors import OptionError, SpecError
from dlab.registry import DEMONSTRATIONS
from dlab.spec.choices import EACH, Choices
from dlab.spec.compare import Name
from dlab.spec.document import Grammar, Maker, blamed, checked, opened, validated
from dlab.spec.faults import Fault, Path, printable, refused
from dlab.spec.kinds import FILTER_DEMO, TRAIN
from dlab.spec.node import Node, node_of
from dlab.spec.options import Device, Threads
from dlab.spec.overrides import settings
from dlab.spec.schema import Part, member, registry_in, titled
from dlab.spec.specification import Written, plain, written


@dataclass(frozen=True)
class Demonstrations(Written):
    """Which demonstrations to show, in the order of the file."""

    shown: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        sections = {name: written(demonstration) for name, demonstration in self.shown.items()}
        for section in sections.values():
            del section["name"]  # the section's own key says it
        return plain({"name": self.name, **sections, "device": self.device, "threads": self.threads})

    def refused(self, errors: Mapping[str, OptionError]) -> SpecError:
        """What demonstrations, by name, cannot do with their options, each at its place."""
        return refused([blamed(self.root, (name,), error) for name, error in errors.items()])


def load(source: str | FilePath, overrides: Iterable[str] = ()) -> Demonstrations:
    """The demonstrations in a file, or of a name that ships with dlab, with `key=value` settings laid over it."""
    document = opened(source)
    if document.root.child("data") or document.root.child("model"):
        told = f"this is a spec of training, not of demonstrations: dlab {TRAIN} {printable(str(source))}"
        raise refused([Fault(document.root.place, (), told)])
    given, wrong = settings(list(overrides), None)
    document = document._replace(faults=document.faults + wrong)
    return checked(document, given, grammar().choices, partial(_validated, stem=document.stem))


@cache
def specification() -> type[BaseModel]:
    """The model of a spec of demonstrations."""
    sections: dict[str, Any] = {name: (member(DEMONSTRATIONS[name], {}) | None, None) for name in DEMONSTRATIONS}
    return create_model(
        "Demonstrations",
        __base__=Part,
        name=(Name | None, None),
        **sections,
        device=(Device, "auto"),
        threads=(Threads | None, None),
    )


@cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec of demonstrations, for editors."""
    return titled(specification(), f"dlab spec of {FILTER_DEMO}")


@cache
def grammar() -> Grammar:
    """The kind of spec: every field that is one of a registry's entries is picked by name."""
    short = {place: "name" for name in DEMONSTRATIONS for place in _picked(name, DEMONSTRATIONS[name])}
    return Grammar(specification, json_schema, Choices(short, {}, {}))


def _picked(name: str, entry: type) -> Iterable[Path]:
    """The places in a demonstration where an entry of a registry stands."""
    hints = get_type_hints(entry, include_extras=True)
    for field in fields(entry):
        hint = hints[field.name]
        if registry_in(hint):
            yield (name, field.name)
        elif get_origin(hint) is tuple and registry_in(get_args(hint)[0]):
            yield (name, field.name, EACH)


def _validated(root: Node, stem: str) -> tuple[Demonstrations | None, list[Fault]]:
    root = _opened_sections(root)
    document, faults = validated(root, grammar())
    if document is None:
        return None, faults
    maker, keys = Maker(root), root.value if isinstance(root.value, dict) else {}
    shown = {name: maker((name,), getattr(document, name)) for name in keys if name in DEMONSTRATIONS.names()}
    if not shown:
        told = f"shows nothing. Write at least one of {', '.join(DEMONSTRATIONS)}"
        return None, [Fault(root.place, (), told)]
    name = document.name or stem
    return Demonstrations(name, document.device, document.threads, root, shown), maker.faults


def _opened_sections(root: Node) -> Node:
    """The document with `gabor:` read as `gabor: {}`: a demonstration with its own settings."""
    for name in DEMONSTRATIONS:
        section = root.child(name)
        if section and section.value is None:
            root = root.put(name, node_of({}, section.place))
    return root
