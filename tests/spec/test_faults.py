"""Every trap of YAML and of the schema, told with its line and column."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dlab.errors import SpecError
from dlab.spec import load
from dlab.spec.faults import Place
from dlab.spec.node import node_of
from tests.spec import faults_of_specs, faults_of_yaml
from tests.spec.specs import GOOD, LAYERS

FAULTS = faults_of_yaml.FAULTS | faults_of_specs.FAULTS


@pytest.mark.parametrize(("text", "start", "end"), FAULTS.values(), ids=FAULTS)
def test_fault(read: Callable, text: str | bytes, start: str, end: str):
    with pytest.raises(SpecError) as caught:
        read(text)
    lines = str(caught.value).split("\n")
    start = start if start.startswith("s.yaml") or not start[0].isdigit() else f"s.yaml:{start}"
    assert any(start in line and end in line for line in lines), str(caught.value)
    assert len(lines) == 1, "one fault is told once"
    assert all(map(str.isprintable, lines))


OVERRIDES = {
    "value": ("optimizer.lr=abc", "--set optimizer.lr=abc: optimizer.lr: must be a number greater than 0 (got abc)"),
    "unknown key": ("train.lr=1", "--set train.lr=1: train.lr: unknown key. Allowed: epochs"),
    "nearest key": ("train.epoch=1", 'Did you mean "epochs"?'),
    "octal": ("train.epochs=012", "--set train.epochs=012: train.epochs: a number has no leading zero"),
    "no key": ("=", "--set =: must be key=value"),
    "no equals": ("train.epochs", "--set train.epochs: must be key=value"),
    "gap": ("train..epochs=1", "--set train..epochs=1: must be key=value"),
    "no value": ("train.epochs=", "--set train.epochs=: has no value; write null for none"),
    "not YAML": ("train.epochs=[", "--set train.epochs=[: train.epochs: not YAML"),
    "tag": ("name=!!python/name:x y", "name: tags (tag:yaml.org,2002:python/name:x) are not allowed"),
    "index": ("model.layers.9.units=1", "model.layers: 9 is no index. Allowed: 0 to 1"),
    "negative index": ("model.layers.-1.units=1", "model.layers: -1 is no index"),
    "through a value": ("train.epochs.x=1", "--set train.epochs.x=1: train.epochs: is a single value and holds no x"),
    "escape code": ("train.\x1b=1", "--set train.\\x1b=1: must be key=value"),
    "choice": (
        "optimizer=adamm",
        'rmsprop_graves, sgd, smorms3 (got adamm). Did you mean "adam"?',
    ),
}


@pytest.mark.parametrize(("override", "message"), OVERRIDES.values(), ids=OVERRIDES)
def test_override_fault(read: Callable, override: str, message: str):
    with pytest.raises(SpecError, match=re.escape(message)):
        read(LAYERS + "    - relu\n    - {type: dense, units: 10}\ntrain: {epochs: 3}\n", override)


def test_self_reference(read: Callable):
    with pytest.raises(SpecError, match=r"4:8: train: anchors \(&a\).*\n.*4:12: train.0: aliases \(\*a\)"):
        read(GOOD + "train: &a [*a]\n")


def test_what_pyyaml_leaks_is_a_fault(read: Callable, monkeypatch: pytest.MonkeyPatch):
    def leak(text: str, Loader: type):
        yield from ()
        raise IndexError("string index out of range")

    monkeypatch.setattr("yaml.parse", leak)
    with pytest.raises(SpecError, match=r"s.yaml:1:1: cannot be read as YAML \(IndexError\)"):
        read(GOOD)


def test_what_the_system_does_not_let_read(write: Callable, monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    source = write(GOOD)
    for place, name, said in ((Path, "open", "cannot be read: Permission denied"), (os, "stat", "is not readable")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, refuse)
            with pytest.raises(SpecError, match=f"s.yaml: {said}"):
                load(source)


def test_plain_values_become_nodes_at_one_place():
    place = Place("here")
    made = node_of({"a": [1, {"b": None}], "c": "d"}, place)
    assert made.plain() == {"a": [1, {"b": None}], "c": "d"}
    assert made.at(("a", 1, "b")) == node_of(None, place)


def test_key_set_twice(write: Callable):
    with pytest.raises(SpecError, match=r"--set train.seed=2: train.seed is set twice"):
        load(write(GOOD), ["train.seed=1", "train.seed=2"])
    with pytest.raises(SpecError, match=r"--seed 3: train.seed is set twice"):
        load(write(GOOD), ["train.seed=1"], seed=3)


def test_all_faults_of_a_file_at_once_in_its_order(read: Callable):
    text = "data: mnits\nmodel:\n  layers: [cnv, {type: dense, units: 0}]\ntrain: {epochs: 012}\nlr: 3\n"
    with pytest.raises(SpecError) as caught:
        read(text, "optimizer.lr=x", "train.batch_size=0")
    keys = [re.sub(r"(s.yaml:\d+:\d+|--set [^:]*): ", "", line).split(":")[0] for line in str(caught.value).split("\n")]
    expected = ["data.name", "model.layers.0.type", "model.layers.1.units", "train.epochs", "lr"]
    assert keys[:5] == expected
    assert set(keys[5:]) == {"optimizer.lr", "train.batch_size"}


class TestSource:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(tmp_path)

    def test_missing_names_the_nearest_shipped(self):
        with pytest.raises(SpecError, match=r'lenett.yaml: there is no such file. Did you mean "lenet"\?'):
            load("lenett.yaml")

    def test_missing_lists_the_shipped(self):
        with pytest.raises(SpecError, match=r"zzz: there is no such file. Specs that come with dlab: .*deep-convnet, "):
            load("zzz")

    @pytest.mark.parametrize("source", ["", "\0", "a\nb", "x" * 5000, "\x1b[31m", "\udcff"])
    def test_odd_names_are_told_escaped(self, source: str):
        with pytest.raises(SpecError) as caught:
            load(source)
        assert str(caught.value).isprintable()

    @pytest.mark.parametrize(("make", "kind"), [(os.mkdir, "a folder"), (os.mkfifo, "a pipe")])
    def test_no_regular_file(self, make: Callable, kind: str):
        make("thing.yaml")
        with pytest.raises(SpecError, match=f"thing.yaml: is {kind}"):
            load("thing.yaml")

    def test_device(self):
        with pytest.raises(SpecError, match="/dev/zero: is a device"):
            load("/dev/zero")

    def test_file_in_a_file(self):
        Path("a").touch()
        with pytest.raises(SpecError, match="a/b: there is no such file"):
            load("a/b")
