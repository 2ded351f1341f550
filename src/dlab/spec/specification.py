"""The spec of one experiment: typed, complete, immutable."""

from dataclasses import asdict, dataclass, field
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
class Spec:
    """Everything that determines a run; two specs are equal if their runs are."""

    name: str
    data: Any
    model: Model
    loss: Any
    optimizer: Any
    schedule: Any
    regularize: Regularize
    train: Train
    compare: Compare | None
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
        found = {
            "name": self.name,
            "data": _entry(self.data, "name"),
            "model": self._model(),
            "loss": _entry(self.loss, "name"),
            "optimizer": _entry(self.optimizer, "name"),
            "schedule": _entry(self.schedule, "name"),
            "regularize": asdict(self.regularize),
            "train": asdict(self.train),
            "compare": asdict(self.compare) if self.compare else None,
            "device": self.device,
            "threads": self.threads,
        }
        return _plain(found)

    def to_yaml(self) -> str:
        """All settings as YAML that loads again to an equal spec."""
        return yaml.dump(self.to_dict(), Dumper=Dumper, sort_keys=False, width=10_000)

    def _model(self) -> dict[str, Any]:
        init = {"init": _entry(self.model.init, "name")}
        if self.model.preset:
            return _entry(self.model.preset, "preset") | init
        return {"layers": [_entry(layer, "type") for layer in self.model.layers or ()]} | init


class Dumper(yaml.SafeDumper):
    """Writes YAML that dlab reads back: no aliases, and quotes around words that are none."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """`text`, quoted where it would be read as something else."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_word(text) else '"')


Dumper.add_representer(str, Dumper.represent_text)


def _entry(entry: Any, key: str) -> dict[str, Any]:
    """A registered dataclass as a mapping of its name and options."""
    return {key: entry.type_name, **asdict(entry)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(child) for child in value]
    return value if isinstance(value, bool | int | float | None) else str(value)
