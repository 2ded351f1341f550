"""Specs on disk, and two data sets that exist only here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Lt

from dlab.registry import Registry
from dlab.spec import Spec, load, schema

FAKES = Registry("data set", "tests.spec")
FAKES._complete = True


@dataclass(frozen=True, kw_only=True)
class Fake:
    """Options that data sets share."""

    path: str | None = None
    train_limit: Annotated[int, Ge(1)] | None = None
    test_limit: Annotated[int, Ge(1)] | None = None
    normalize: Literal["none", "unit", "standard"] = "unit"
    size: Annotated[int, Ge(1)] | None = None
    holdout: Annotated[float, Gt(0), Lt(1)] | None = None


for name in ("mnist", "fashion-mnist", "digits", "xor"):
    FAKES.register(name)(dataclass(frozen=True, kw_only=True)(type(name, (Fake,), {})))


@pytest.fixture(autouse=True, scope="module")
def _fakes() -> Iterator[None]:
    """Specs see the fake data sets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "DATASETS", FAKES)
        schema.specification.cache_clear()
        schema.json_schema.cache_clear()
        yield
    schema.specification.cache_clear()
    schema.json_schema.cache_clear()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes s.yaml in a folder of its own and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write_spec(text: str | bytes) -> str:
        Path("s.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return "s.yaml"

    return write_spec


@pytest.fixture
def read(write: Callable[..., str]) -> Callable[..., Spec]:
    """Loads a spec from its text, with overrides."""
    return lambda text, *overrides: load(write(text), overrides)
