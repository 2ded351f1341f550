"""Names that a YAML file may use, and the things they stand for.

A registry belongs to one package and fills itself by importing that package's modules, so adding a file adds a name:

    LAYERS = Registry("layer", "dlab.nn.layers")

    @LAYERS.register("dense")
    @dataclass(frozen=True)
    class Dense(Layer): ...

An entry's annotated dataclass fields are its options; the schema, the tests and the docs tables are made from them.
"""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

Entry = TypeVar("Entry", bound=type)
BEGINNING = 3  # letters that are enough of a word


def suggestion(word: str, known: list[str], most: int = 1) -> str:
    """' Did you mean "x"?' or ' Did you mean "x" or "y"?' for the nearest known words, or '' if none is near.

    Nearest are those that begin with the word.
    """
    word = str(word)  # a key of YAML may be a number
    longer = [name for name in known if len(word) >= BEGINNING and name.startswith(word)]
    near = [*longer, *(name for name in get_close_matches(word, known, n=most, cutoff=0.6) if name not in longer)]
    return f" Did you mean {' or '.join(map(quoted, near[:most]))}?" if near else ""


def quoted(word: str) -> str:
    """The word between quotation marks."""
    return f'"{word}"'


class Registry:
    """The classes of one kind under their YAML names, in alphabetical order."""

    def __init__(self, kind: str, package: str):
        self.kind = kind
        self.package = package
        self._entries: dict[str, type] = {}
        self._complete = False

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """Class decorator that enters a class under `name`; a name is given once."""

        def enter(entry: Entry) -> Entry:
            if name in self._entries:
                raise ValueError(f'{self.kind} "{name}" is registered twice')
            self._entries[name] = entry
            entry.type_name = name  # type: ignore[attr-defined]
            return entry

        return enter

    def names(self) -> list[str]:
        """All names, sorted."""
        self._load()
        return sorted(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __getitem__(self, name: str) -> type:
        """The class called `name`; KeyError lists the names there are."""
        self._load()
        if name not in self._entries:
            raise KeyError(f'no {self.kind} "{name}".{suggestion(name, self.names())} There are: {", ".join(self)}')
        return self._entries[name]

    def _load(self) -> None:
        if not self._complete:
            for module in iter_modules(import_module(self.package).__path__):
                import_module(f"{self.package}.{module.name}")
            self._complete = True


LAYERS = Registry("layer", "dlab.nn.layers")
LOSSES = Registry("loss", "dlab.nn.losses")
INITIALISERS = Registry("initialiser", "dlab.nn.initialisers")
PRESETS = Registry("preset", "dlab.nn.presets")
OPTIMIZERS = Registry("optimizer", "dlab.optim")
SCHEDULES = Registry("schedule", "dlab.optim.schedules")
DATASETS = Registry("data set", "dlab.data.sets")
STUDIES = Registry("study", "dlab.studies")
DEMONSTRATIONS = Registry("demonstration", "dlab.studies.filters.demonstrations")
FILTERS = Registry("filter", "dlab.studies.filters.formulas")
IMAGES = Registry("image", "dlab.studies.filters.images")
