"""The variants of a study: settings by name, or a grid of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Annotated, Any, NamedTuple

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field

from dlab.spec.faults import Path

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

Name = Annotated[str, Field(pattern=NAME)]
Seed = Annotated[int, Ge(0), Le(2**63 - 1)]
Accuracy = Annotated[float, Gt(0), Le(1)]
Changes = dict[str, Any]  # the value that each dotted key gets
SEEDS = (0, 1, 2)


class Variant(NamedTuple):
    """One variant: a word for every axis, and where in the spec the settings stand: (dotted key, path of its value)."""

    labels: tuple[str, ...]
    settings: tuple[tuple[str, Path], ...]

    @property
    def name(self) -> str:
        """The words joined: the name of its folders."""
        return "-".join(self.labels) or "base"


@dataclass(frozen=True)
class Compare:
    """The cells of a study: each variant is settings over the spec, run once for each seed; n seeds are 0..n-1.

    variants: name -> settings, {} for the spec as it is
    grid: further axes, each either `dotted.key: [values]` or `axis: {name: settings}`; all combinations are run
    baseline: the variant that the others are compared with, the first by default
    target: the test accuracy whose first step is reported
    """

    variants: Mapping[Name, Changes] = field(default_factory=dict)
    grid: Mapping[str, Annotated[list[Any], MinLen(1)] | Annotated[dict[Name, Changes], MinLen(1)]] = field(
        default_factory=dict
    )
    seeds: Annotated[int, Ge(1), Le(1000)] | Annotated[tuple[Seed, ...], MinLen(1)] | None = None
    baseline: str | None = None
    target: Accuracy | None = None

    def __post_init__(self) -> None:
        seeds = self.seeds
        if isinstance(seeds, int):
            object.__setattr__(self, "seeds", tuple(range(seeds)))
        elif seeds and len(set(seeds)) < len(seeds):
            raise ValueError("a seed is listed twice")
        names = [variant.name for variant in self.all()]
        if len(set(names)) < len(names):
            raise ValueError(f"two variants are called {next(name for name in names if names.count(name) > 1)}")
        if self.baseline is not None and self.baseline not in names:
            raise ValueError(f"no variant is called {self.baseline}. There are: {', '.join(names)}")

    def all_seeds(self) -> tuple[int, ...]:
        """The seeds, three where none are given."""
        return self.seeds if isinstance(self.seeds, tuple) else SEEDS

    def axes(self) -> list[list[Variant]]:
        """The choices along every axis, `variants` first."""
        found = [_choices(("compare", "variants"), self.variants)] if self.variants else []
        for key, values in self.grid.items():
            path: Path = ("compare", "grid", key)
            listed = [Variant((_label(key, value),), ((key, (*path, i)),)) for i, value in enumerate(values)]
            found.append(_choices(path, values) if isinstance(values, Mapping) else listed)
        return found

    def all(self) -> list[Variant]:
        """Every combination of the axes."""
        return [
            Variant(tuple(word for part in parts for word in part.labels), tuple(s for p in parts for s in p.settings))
            for parts in product(*self.axes())
        ]


def _choices(path: Path, named: Mapping[str, Changes]) -> list[Variant]:
    return [Variant((name,), tuple((key, (*path, name, key)) for key in changes)) for name, changes in named.items()]


def _label(key: str, value: Any) -> str:
    """A word for a value, fit for a folder's name: optimizer.lr 0.1 is lr0.1, model.activation relu is relu."""
    text = re.sub(r"[^A-Za-z0-9._]+", "-", "none" if value is None else str(value)).strip("-._").lower() or "odd"
    if isinstance(value, str):
        return text[:40]
    return f"{key.rpartition('.')[2]}{'' if text[:1].isdigit() else '-'}{text}"[:40]
