"""The spec of one experiment: typed, complete, immutable."""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

import yaml

from dlab.errors import SpecError
from dlab.spec.compare import Compare
from dlab.spec.faults import Fault, Path, refused
from dlab.spec.node import Node
from dlab.spec.options import Regularize, Train
from dlab.spec.scalars import is_word


@dataclass(frozen=True)
class Model:
    """A network: a preset or a tuple of layers, and how its weights start."""

    preset: Any
    layers: tuple[Any, ...] | None
    init: Any


@dataclass(frozen=True)
class Written:
    """What every kind of spec is: settings that know where they were written."""

    name: str
    device: str
    threads: int | None
    root: Node = field(compare=False, repr=False)  # what was written, and where

    def where(self, path: Path) -> str:
        """file:line:column of the value at `path`, or of the closest one above that was written down."""
        return str(self.root.nearest(path).place)

    def fault(self, path: Path, message: str) -> SpecError:
        """An error that blames the value at `path`."""
        return refused([Fault(self.root.nearest(path).place, path, message)])

    def to_dict(self) -> dict[str, Any]:
        """All settings as plain values, with the keys of a spec file."""
        raise NotImplementedError

    def to_yaml(self) -> str:
        """All settings as YAML that loads again to an equal spec."""
        return yaml.dump(self.to_dict(), Dumper=Dumper, sort_keys=False, width=10_000)


@dataclass(frozen=True)
class Spec(Written):
    """Everything that determines a run; two specs are equal if their runs are."""

    data: Any
    model: Model
    loss: Any
    optimizer: Any
    schedule: Any
    regularize: Regularize
    train: Train
    compare: Compare | None

    def to_dict(self) -> dict[str, Any]:
        found = {
            "name": self.name,
            "data": written(self.data, "name"),
            "model": self._model(),
            "loss": written(self.loss, "name"),
            "optimizer": written(self.optimizer, "name"),
            "schedule": written(self.schedule, "name"),
            "regularize": asdict(self.regularize),
            "train": asdict(self.train),
            "compare": asdict(self.compare) if self.compare else None,
            "device": self.device,
            "threads": self.threads,
        }
        return plain(found)

    def _model(self) -> dict[str, Any]:
        init = {"init": written(self.model.init, "name")}
        if self.model.preset:
            return written(self.model.preset, "preset") | init
        return {"layers": [written(layer, "type") for layer in self.model.layers or ()]} | init


class Dumper(yaml.SafeDumper):
    """Writes YAML that dlab reads back: no aliases, and quotes around words that are none."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """`text`, quoted where it would be read as something else."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_word(text) else '"')


Dumper.add_representer(str, Dumper.represent_text)


def written(value: Any, key: str = "name") -> Any:
    """A dataclass as a mapping of its options, a registered one also of its name; other values as they are."""
    if isinstance(value, tuple):
        return tuple(written(one) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    options = {field.name: written(getattr(value, field.name)) for field in fields(value)}
    return {key: value.type_name, **options} if hasattr(value, "type_name") else options


def plain(value: Any) -> Any:
    """Mappings, lists and scalars only, as YAML and JSON have them."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, tuple | list):
        return [plain(child) for child in value]
    return value if isinstance(value, bool | int | float | None) else str(value)
