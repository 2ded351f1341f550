"""The specs that ship with dlab, on the real data sets and layers."""

import re

import pytest

from dlab.registry import STUDIES
from dlab.spec.demonstrations import Demonstrations
from dlab.spec.files import shipped
from dlab.spec.kinds import FILTER_DEMO, TRAIN, headline
from dlab.spec.reading import read


@pytest.mark.parametrize("name", sorted(shipped()))
def test_each_loads_and_opens_with_what_it_shows(name):
    spec = read(f"{name}.yaml")
    first, second, *_ = shipped()[name].read_text().split("\n")
    command, shows = headline(shipped()[name])
    assert spec.name == name
    assert first == f"# {shows}"
    assert re.search(r"\((lectures? )?L\d", first)
    assert second == f"#   dlab {command} {name}.yaml"
    assert command in (TRAIN, FILTER_DEMO, *STUDIES)
    assert isinstance(spec, Demonstrations) == (command == FILTER_DEMO)
    assert read(name) == spec
