"""The specs that ship with dlab, on the real data sets and layers."""

import re

import pytest

from dlab.spec import load
from dlab.spec.files import shipped


@pytest.mark.parametrize("name", sorted(shipped()))
def test_each_loads_and_opens_with_what_it_shows(name):
    spec = load(f"{name}.yaml")
    first, second, *_ = shipped()[name].read_text().split("\n")
    assert spec.name == name
    assert first.startswith("# ")
    assert re.search(r"\((lectures? )?L\d", first)
    assert second.startswith("#   dlab ")
    assert second.endswith(f" {name}.yaml")
    assert load(name) == spec
