"""From a document to a training spec: validate, make the parts, and try the variants."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path as FilePath
from typing import Any

from dlab.spec.choices import TRAINING
from dlab.spec.compare import Variant
from dlab.spec.document import Document, Grammar, Maker, checked, opened, validated
from dlab.spec.faults import Fault, Path, Place, printable, refused
from dlab.spec.kinds import FILTER_DEMO, command_of
from dlab.spec.node import Node, node_of
from dlab.spec.overrides import Setting, apply, settings
from dlab.spec.schema import json_schema, specification
from dlab.spec.specification import Model, Spec

GRAMMAR = Grammar(specification, json_schema, TRAINING)


def load(
    source: str | FilePath,
    overrides: Iterable[str] = (),
    seed: int | None = None,
    compare: dict[str, Any] | None = None,
) -> Spec:
    """The spec in a file, or of a name that ships with dlab, with `key=value` settings laid over it.

    `compare` are settings for its key of that name: those of a study's command.
    """
    document = opened(source)
    if command_of(document.root) == FILTER_DEMO:
        told = f"this is a spec of demonstrations, not of training: dlab {FILTER_DEMO} {printable(str(source))}"
        raise refused([Fault(document.root.place, (), told)])
    given, wrong = settings(list(overrides), seed)
    studied = [(f"compare.{key}", node_of(value, Place(f"compare.{key}"))) for key, value in (compare or {}).items()]
    return _loaded(document._replace(faults=document.faults + wrong), studied + given)


def vary(spec: Spec, variant: Variant, seed: int) -> Spec:
    """The spec of one cell: a variant's settings and a seed over the spec, and no comparison."""
    name = f"{variant.name}-s{seed}"
    given = [*_settings(spec.root, variant), ("train.seed", node_of(seed, Place(f"seed {seed}")))]
    return _loaded(Document(spec.root.without("compare"), name, []), given, name)


def _settings(root: Node, variant: Variant) -> list[Setting]:
    """A variant's settings, where the spec says them."""
    nodes = [(key, root.at(path)) for key, path in variant.settings]
    return [(key, node) for key, node in nodes if node]


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
    return Model(None, made(("model", "layers"), model.layers), init)


def _variant_faults(spec: Spec) -> list[Fault]:
    """What is wrong with the variants, found by building each."""
    base, faults = spec.root.without("compare"), list[Fault]()
    for variant in spec.compare.all() if spec.compare else []:
        root, wrong = apply(base, _settings(spec.root, variant), TRAINING)
        faults += wrong + _validated(root, spec.name, None)[1]
    return list(dict.fromkeys(faults))
