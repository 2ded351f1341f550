"""Names, suggestions, and that a registry refuses what would surprise."""

import pytest

from dlab import registry
from dlab.registry import LAYERS, Registry, suggestion


def test_a_registry_fills_itself_from_its_folder():
    assert {"conv", "dense", "maxpool", "relu"} <= set(LAYERS.names())
    assert LAYERS["conv"].type_name == "conv"


def test_an_unknown_name_lists_what_there_is_and_the_nearest():
    with pytest.raises(
        KeyError, match=r'no layer "dens"\. Did you mean "dense"\? There are: avgpool, batchnorm, conv, '
    ):
        LAYERS["dens"]


def test_a_name_is_given_once():
    names = Registry("thing", "dlab.nn.layers")
    names.register("a")(type("A", (), {}))
    with pytest.raises(ValueError, match='thing "a" is registered twice'):
        names.register("a")(type("B", (), {}))


def test_the_beginning_of_a_word_is_nearer_than_another_word():
    assert suggestion("batch", ["batch_size", "epochs", "watch"]) == ' Did you mean "batch_size"?'
    assert suggestion("batch", ["batch_size", "watch"], 2) == ' Did you mean "batch_size" or "watch"?'


def test_nothing_near_gives_no_suggestion():
    assert suggestion("zzz", ["dense"]) == ""


@pytest.mark.parametrize("name", [n for n in vars(registry) if isinstance(getattr(registry, n), Registry)])
def test_every_entry_says_what_it_is_and_where_it_comes_from(name):
    entries = getattr(registry, name)
    for entry in entries:
        text = entries[entry].__doc__ or ""
        assert len(text) > 20, f"{entry} has no docstring"
        if name in {"LAYERS", "LOSSES", "INITIALISERS", "OPTIMIZERS", "PRESETS"}:
            assert "source:" in text or "Source" in text, f"{entry} names no source"
