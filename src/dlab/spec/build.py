"""From a document to a spec: validate, make the parts, and try the variants."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from dlab.spec import files
from dlab.spec.explain import explain
from dlab.spec.faults import Fault, Path, Place, printable, refused
from dlab.spec.node import Node, node_of
from dlab.spec.options import Compare
from dlab.spec.overrides import Setting, apply, settings
from dlab.spec.parser import parse
from dlab.spec.schema import json_schema, specification
from dlab.spec.specification import Model, Spec


def load(source: str | FilePath, overrides: Iterable[str] = (), seed: int | None = None) -> Spec:
    """The spec in a file, or of a name that ships with dlab, with `key=value` settings laid over it."""
    path = files.find(source)
    name = printable(str(source) if FilePath(source) == path else path.name, 1000)
    root, faults = parse(files.read(path, name), lambda line, column: Place(name, line, column))
    if not root or not isinstance(root.value, dict):
        place = root.place if root else Place(name, 1, 1)
        raise refused(faults or [Fault(place, (), "expected a mapping: lines of key: value, such as data: mnist")])
    given, wrong = settings(list(overrides), seed)
    return _checked(root, given, _stem(path), faults + wrong)


def vary(spec: Spec, changes: Mapping[str, Any], name: str | None = None) -> Spec:
    """A spec with other settings, given by dotted key, and no comparison; the same checks as in a file."""
    given = [(key, _written(spec, key, value)) for key, value in changes.items()]
    return _checked(spec.root.without("compare"), given, name or spec.name, [], name)


def _written(spec: Spec, key: str, value: Any) -> Node:
    """The value of a change; it stands where the spec's own variants say it, if they do."""
    for variant in spec.compare.variants if spec.compare else ():
        node = spec.root.at(("compare", "variants", variant, key))
        if node and node.plain() == value:
            return node
    return node_of(value, Place(printable(f"{key}={value}")))


def _checked(root: Node, given: list[Setting], stem: str, faults: list[Fault], name: str | None = None) -> Spec:
    """The spec of a document with settings over it, or all that is wrong with it."""
    root, wrong = apply(root, given)
    faults = faults + wrong
    spec, found = _validated(root, stem, name)
    known = {fault.path for fault in faults}
    faults += [fault for fault in found if fault.path not in known]
    if faults or not spec:
        raise refused(faults)
    return spec


def _validated(root: Node, stem: str, name: str | None) -> tuple[Spec | None, list[Fault]]:
    try:
        document = specification().model_validate_json(json.dumps(root.plain()))
    except ValidationError as error:
        return None, explain(error, root, json_schema())
    faults: list[Fault] = []
    spec = _spec(document, root, stem, name, faults)
    if not faults:
        faults = _variant_faults(spec)
    return spec, faults


def _spec(document: Any, root: Node, stem: str, name: str | None, faults: list[Fault]) -> Spec:
    def made(path: Path, part: Any) -> Any:
        try:
            return part.made()
        except ValueError as error:
            faults.append(Fault(root.nearest(path).place, path, str(error)))

    return Spec(
        name=name or document.name or stem,
        data=made(("data",), document.data),
        model=_model(document.model, made),
        loss=made(("loss",), document.loss),
        optimizer=made(("optimizer",), document.optimizer),
        schedule=made(("schedule",), document.schedule),
        regularize=document.regularize,
        train=document.train,
        compare=document.compare,
        device=document.device,
        threads=document.threads,
        root=root,
    )


def _model(model: Any, made: Callable[[Path, Any], Any]) -> Model:
    init = made(("model", "init"), model.init)
    if hasattr(model, "preset"):
        return Model(made(("model",), model), None, init)
    layers = [made(("model", "layers", index), layer) for index, layer in enumerate(model.layers)]
    return Model(None, tuple(layers), init)


def _variant_faults(spec: Spec) -> list[Fault]:
    """What is wrong with the variants, found by building each."""
    base, compare, faults = spec.root.without("compare"), spec.compare or Compare(), []
    for variant, changes in compare.variants.items():
        path: Path = ("compare", "variants", variant)
        nodes = [(key, spec.root.at((*path, key))) for key in changes]
        root, wrong = apply(base, [(key, node) for key, node in nodes if node])
        faults += wrong + _validated(root, spec.name, None)[1]
    return faults


def _stem(path: FilePath) -> str:
    """A name made of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).lstrip("._-")[:64] or "spec"
