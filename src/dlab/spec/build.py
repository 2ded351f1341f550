"""From a document to a training spec: validate, make the parts, and try the variants."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path as FilePath
from typing import Any

from dlab.spec.choices import TRAINING
from dlab.spec.document import Document, Grammar, Maker, checked, opened, validated
from dlab.spec.faults import Fault, Path, Place, printable, refused
from dlab.spec.kinds import FILTER_DEMO, command_of
from dlab.spec.node import Node, node_of
from dlab.spec.options import Compare
from dlab.spec.overrides import Setting, apply, settings
from dlab.spec.schema import json_schema, specification
from dlab.spec.specification import Model, Spec

GRAMMAR = Grammar(specification, json_schema, TRAINING)


def load(source: str | FilePath, overrides: Iterable[str] = (), seed: int | None = None) -> Spec:
    """The spec in a file, or of a name that ships with dlab, with `key=value` settings laid over it."""
    document = opened(source)
    if command_of(document.root) == FILTER_DEMO:
        told = f"this is a spec of demonstrations, not of training: dlab {FILTER_DEMO} {printable(str(source))}"
        raise refused([Fault(document.root.place, (), told)])
    given, wrong = settings(list(overrides), seed)
    return _loaded(document._replace(faults=document.faults + wrong), given)


def vary(spec: Spec, changes: Mapping[str, Any], name: str | None = None) -> Spec:
    """A spec with other settings, given by dotted key, and no comparison; the same checks as in a file."""
    given = [(key, _written(spec, key, value)) for key, value in changes.items()]
    return _loaded(Document(spec.root.without("compare"), name or spec.name, []), given, name)


def _written(spec: Spec, key: str, value: Any) -> Node:
    """The value of a change; it stands where the spec's own variants say it, if they do."""
    for variant in spec.compare.variants if spec.compare else ():
        node = spec.root.at(("compare", "variants", variant, key))
        if node and node.plain() == value:
            return node
    return node_of(value, Place(printable(f"{key}={value}")))


def _loaded(document: Document, given: list[Setting], name: str | None = None) -> Spec:
    return checked(document, given, TRAINING, partial(_validated, stem=document.stem, name=name))


def _validated(root: Node, stem: str, name: str | None) -> tuple[Spec | None, list[Fault]]:
    document, faults = validated(root, GRAMMAR)
    if document is None:
        return None, faults
    maker = Maker(root)
    spec = _spec(document, root, stem, name, maker)
    return spec, maker.faults or _variant_faults(spec)


def _spec(document: Any, root: Node, stem: str, name: str | None, made: Maker) -> Spec:
    return Spec(
        name=name or document.name or stem,
        data=made(("data",), document.data),
        model=_model(document.model, made),
        loss=made(("loss",), document.loss),
        optimizer=made(("optimizer",), document.optimizer),
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
    return Model(None, made(("model", "layers"), model.layers), init)


def _variant_faults(spec: Spec) -> list[Fault]:
    """What is wrong with the variants, found by building each."""
    base, compare, faults = spec.root.without("compare"), spec.compare or Compare(), []
    for variant, changes in compare.variants.items():
        path: Path = ("compare", "variants", variant)
        nodes = [(key, spec.root.at((*path, key))) for key in changes]
        root, wrong = apply(base, [(key, node) for key, node in nodes if node], TRAINING)
        faults += wrong + _validated(root, spec.name, None)[1]
    return faults
