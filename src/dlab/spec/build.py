"""From a document to a spec: validate, make the parts, and try the variants."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from dlab.spec import files
from dlab.spec.compare import Variant
from dlab.spec.explain import explain
from dlab.spec.faults import Fault, Path, Place, printable, refused
from dlab.spec.node import Node, node_of
from dlab.spec.overrides import Setting, apply, settings
from dlab.spec.parser import parse
from dlab.spec.schema import json_schema, specification
from dlab.spec.specification import Model, Spec


def load(
    source: str | FilePath,
    overrides: Iterable[str] = (),
    seed: int | None = None,
    compare: dict[str, Any] | None = None,
) -> Spec:
    """The spec in a file, or of a name that ships with dlab, with `key=value` settings laid over it.

    `compare` are settings for its key of that name: those of a study's command.
    """
    path = files.find(source)
    name = printable(str(source) if FilePath(source) == path else path.name, 1000)
    root, faults = parse(files.read(path, name), lambda line, column: Place(name, line, column))
    if not root or not isinstance(root.value, dict):
        place = root.place if root else Place(name, 1, 1)
        raise refused(faults or [Fault(place, (), "expected a mapping: lines of key: value, such as data: mnist")])
    given, wrong = settings(list(overrides), seed)
    studied = [(f"compare.{key}", node_of(value, Place(f"compare.{key}"))) for key, value in (compare or {}).items()]
    return _checked(root, studied + given, _stem(path), faults + wrong)


def vary(spec: Spec, variant: Variant, seed: int) -> Spec:
    """The spec of one cell: a variant's settings and a seed over the spec, and no comparison."""
    name = f"{variant.name}-s{seed}"
    given = [*_settings(spec.root, variant), ("train.seed", node_of(seed, Place(f"seed {seed}")))]
    return _checked(spec.root.without("compare"), given, name, [], name)


def _settings(root: Node, variant: Variant) -> list[Setting]:
    """A variant's settings, where the spec says them."""
    nodes = [(key, root.at(path)) for key, path in variant.settings]
    return [(key, node) for key, node in nodes if node]


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
    base, faults = spec.root.without("compare"), list[Fault]()
    for variant in spec.compare.all() if spec.compare else []:
        root, wrong = apply(base, _settings(spec.root, variant))
        faults += wrong + _validated(root, spec.name, None)[1]
    return list(dict.fromkeys(faults))


def _stem(path: FilePath) -> str:
    """A name made of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).lstrip("._-")[:64] or "spec"
