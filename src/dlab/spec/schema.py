"""The pydantic model of a whole spec, made from the registries: an entry's dataclass fields are its options."""

from dataclasses import MISSING, Field, fields
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import pydantic
from annotated_types import MinLen
from pydantic import BaseModel, ConfigDict, Discriminator, Tag, create_model

from dlab.registry import DATASETS, INITIALISERS, LAYERS, LOSSES, OPTIMIZERS, PRESETS, SCHEDULES, Registry
from dlab.spec.choices import TRAINING
from dlab.spec.compare import Compare, Name
from dlab.spec.options import Device, Regularize, Threads, Train
from dlab.spec.specification import written


class Part(BaseModel):
    """A mapping of a spec: typed strictly, closed, finite."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, validate_default=True, protected_namespaces=()
    )
    entry: ClassVar[type]

    @classmethod
    def options(cls) -> tuple[str, ...]:
        """The names of the registered dataclass's fields."""
        return tuple(field.name for field in fields(cls.entry))


@cache
def specification() -> type[BaseModel]:
    """The model of a spec file."""
    return create_model(
        "Specification",
        __base__=Part,
        name=(Name | None, None),
        data=_field(_choice(DATASETS)),
        model=_field(_network()),
        loss=_field(_choice(LOSSES), ("loss",)),
        optimizer=_field(_choice(OPTIMIZERS), ("optimizer",)),
        schedule=_field(_choice(SCHEDULES), ("schedule",)),
        regularize=(Regularize, Regularize()),
        train=(Train, pydantic.Field(default_factory=Train)),
        compare=(Compare | None, None),
        device=(Device, "auto"),
        threads=(Threads | None, None),
    )


@cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec file, for editors."""
    return titled(specification(), "dlab spec")


def titled(model: type[BaseModel], title: str) -> dict[str, Any]:
    """A model's JSON Schema under a title."""
    found = model.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": title}


def _field(kind: Any, default: tuple[str, ...] = ()) -> Any:
    return (kind, pydantic.Field(default=TRAINING.defaults[default])) if default else (kind, ...)


def _choice(registry: Registry, tag: str = "name") -> Any:
    """One of a registry's entries, picked by the key `tag`; editors may also write its bare name."""
    members = [member(registry[name], {tag: (Literal[name], ...)}) for name in registry]

    def allow_bare_name(schema: dict[str, Any]) -> None:
        schema["oneOf"].append({"enum": registry.names()})

    return Annotated[reduce(or_, members), pydantic.Field(discriminator=tag, json_schema_extra=allow_bare_name)]


def _network() -> Any:
    """A preset with its options, or a list of layers; both with an initialiser."""
    init = {"init": _field(_choice(INITIALISERS), ("model", "init"))}
    layer = _choice(LAYERS, "type")
    layers: dict[str, Any] = {"layers": (Annotated[tuple[layer, ...], MinLen(1)], ...)}  # type: ignore[valid-type]
    listed = create_model("Layers", __base__=Part, __doc__="A network layer by layer.", **layers, **init)
    forms = {name: member(PRESETS[name], {"preset": (Literal[name], ...), **init}) for name in PRESETS}
    members = [Annotated[form, Tag(name)] for name, form in {**forms, "layers": listed}.items()]
    return Annotated[reduce(or_, members), Discriminator(_form)]


def _form(model: Any) -> str | None:
    given = [key for key in ("preset", "layers") if isinstance(model, dict) and model.get(key) is not None]
    if len(given) != 1:
        return None
    return "layers" if given == ["layers"] else str(model["preset"])


def member(entry: type, keys: dict[str, Any]) -> type[Part]:
    """A model whose keys are `keys` and the options of a registered dataclass."""
    hints = get_type_hints(entry, include_extras=True)
    options: dict[str, Any] = {field.name: (_kind(hints[field.name]), _default(field)) for field in fields(entry)}
    model = create_model(entry.__name__, __base__=Part, __doc__=entry.__doc__, **keys, **options)
    model.entry = entry
    return model


def registry_in(hint: Any) -> Registry | None:
    """The registry of a field declared `Annotated[Any, REGISTRY]`: one of its entries stands there."""
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((mark for mark in marks if isinstance(mark, Registry)), None)


def _kind(hint: Any) -> Any:
    """A field's type, with choices in the places of registries."""
    if registry := registry_in(hint):
        return _choice(registry)
    if get_origin(hint) is tuple and registry_in(get_args(hint)[0]):
        return tuple[_kind(get_args(hint)[0]), ...]  # type: ignore[misc]
    return hint


def _default(field: Field[Any]) -> Any:
    return ... if field.default is MISSING else written(field.default)
