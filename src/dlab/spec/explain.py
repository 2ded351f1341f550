"""Pydantic's errors in dlab's words, at their places in the file."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError

from dlab.registry import suggestion
from dlab.spec.choices import Choices
from dlab.spec.describe import NAME, Schema, allowed, describe, entered, resolved, stepped
from dlab.spec.faults import Fault, Path, printable
from dlab.spec.node import Node

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")


class Held(NamedTuple):
    """A document, and the kind of spec that it was held against."""

    root: Node
    schema: Schema
    choices: Choices


def explain(error: ValidationError, held: Held) -> list[Fault]:
    """One fault for each place that pydantic complains about."""
    found: dict[Path, Fault] = {}
    for entry in error.errors(include_url=False, include_input=False):
        path = _path(entry["loc"], entry["type"], held)
        if entry["type"] == "too_short" and held.root.nearest(path).value:
            continue  # pydantic does not count the entries that are wrong themselves
        fault = _fault(entry, path, held)
        found.setdefault(fault.path, fault)
    return list(found.values())


def _path(loc: Iterable[str | int], kind: str, held: Held) -> Path:
    """The path of an error: pydantic's, without the names of alternatives it tried."""
    path: Path = ()
    entered_choice = False
    for step in loc:
        if held.choices.tag(path) and not entered_choice:
            entered_choice = True
            continue
        if held.root.at((*path, step)) is None and kind not in MISSING:
            break
        path, entered_choice = (*path, step), False
    return path


def _fault(entry: Any, path: Path, held: Held) -> Fault:
    kind, node = entry["type"], held.root.nearest(path)
    if kind in UNKNOWN:
        return Fault(node.key, path, _unknown(str(path[-1]), _schema(path[:-1], held)))
    if kind in MISSING:
        return Fault(node.place, path, f"is missing. It must be {describe(_whole(path, held))}")
    if kind == "value_error":
        return Fault(node.place, path, str(entry["ctx"]["error"]))
    if entry["loc"] and entry["loc"][-1] == "[key]":
        return Fault(node.key, path, f"must be {NAME}")
    if kind == "union_tag_not_found" and path == ("model",) and isinstance(node.value, dict):
        return Fault(node.place, path, f"must have either preset or layers. Presets: {_names(path, held)}")
    return _wrong(path, held)


def _wrong(path: Path, held: Held) -> Fault:
    """The value has the wrong type, is out of range, or names nothing."""
    key, node = held.choices.tag(path), held.root.nearest(path)
    words = _whole(path, held)
    must = f"must be {describe(words)}"
    if key and isinstance(node.value, dict):
        path = (*path, key)
        if node.child(key) is None:
            return Fault(node.place, path, f"is missing. It {must}")
        node = held.root.nearest(path)
    near = suggestion(node.text, allowed(words)) if isinstance(node.value, str) else ""
    end = f".{near}" if near else ""
    return Fault(node.place, path, f"{must} (got {printable(node.text) or 'nothing'}){end}")


def _unknown(key: str, schema: Schema) -> str:
    known = list(schema.get("properties", {}))
    return f"unknown key. Allowed: {', '.join(known)}.{suggestion(key, known)}"


def _names(path: Path, held: Held) -> str:
    return ", ".join(allowed(_whole(path, held)))


def _schema(path: Path, held: Held) -> Schema:
    """The schema that the mapping or list at `path` was held against."""
    return entered(_at(path, held), held.root.nearest(path).plain(), held.schema["$defs"])


def _at(path: Path, held: Held) -> Schema:
    here = held.schema
    for end, step in enumerate(path):
        here = stepped(entered(here, held.root.nearest(path[:end]).plain(), held.schema["$defs"]), step)
    return here


def _whole(path: Path, held: Held) -> Schema:
    """The schema at `path` with its alternatives in full, a choice as the list of its names."""
    here, key = _at(path, held), held.choices.tag(path)
    members = here.get("oneOf") or here.get("anyOf")
    if not members:
        return resolved(here, held.schema["$defs"])
    members = [resolved(member, held.schema["$defs"]) for member in members]
    if not key:
        return {"anyOf": members}
    options = [member["properties"][key] for member in members if key in member.get("properties", {})]
    return {"oneOf": options}
