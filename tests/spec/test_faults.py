"""Every trap of YAML and of the schema, told with its line and column."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dlab.errors import SpecError
from dlab.machine import DEVICES
from dlab.spec import load
from dlab.spec.faults import Place
from dlab.spec.node import node_of

GOOD = "data: mnist\nmodel:\n  preset: lenet\n"
LAYERS = "data: mnist\nmodel:\n  layers:\n"

FAULTS = {
    # scalars
    "word for number": (GOOD + "train: {epochs: abc}\n", "4:17: train.epochs: must be a whole number", "(got abc)"),
    "comma": (GOOD + "optimizer: {name: sgd, lr: '1,5'}\n", "4:28: optimizer.lr: must be a number", "(got 1,5)"),
    "full-width digit": (GOOD + "optimizer: {name: sgd, lr: １}\n", "4:28: optimizer.lr: must be a number", ""),
    "quoted number": (GOOD + 'train: {seed: "1"}\n', "4:15: train.seed: must be a whole number from 0", ""),
    "float for int": (GOOD + "train: {epochs: 1e3}\n", "4:17: train.epochs: must be a whole number", "(got 1e3)"),
    "whole float for int": (GOOD + "train: {epochs: 3.0}\n", "4:17: train.epochs: must be a whole number", ""),
    "bool for int": (GOOD + "train: {epochs: True}\n", "4:17: train.epochs: must be a whole number", "(got True)"),
    "bool for float": (GOOD + "regularize: {l1: true}\n", "4:18: regularize.l1: must be a number at least 0", ""),
    "int for bool": (
        LAYERS + "    - {type: dense, units: 3, bias: 1}\n",
        "4:37: model.layers.0.bias: must be true or false",
        "",
    ),
    "yes for bool": (
        LAYERS + "    - {type: dense, units: 3, bias: yes}\n",
        "4:37: model.layers.0.bias: ",
        "or quote it (got yes)",
    ),
    "quoted no for bool": (
        LAYERS + "    - {type: dense, units: 3, bias: 'no'}\n",
        "4:37: model.layers.0.bias: must be true or false",
        "",
    ),
    "no as a name": ("name: no\n" + GOOD, "1:7: name: ", "quote it (got no)"),
    "number as a name": ("name: 1e5\n" + GOOD, "1:7: name: must be a name", "(got 1e5)"),
    "octal": (GOOD + "train: {epochs: 012}\n", "4:17: train.epochs: a number has no leading zero", "(got 012)"),
    "octal 1.2": (GOOD + "train: {epochs: 0o14}\n", "4:17: train.epochs: write the number in decimal digits", ""),
    "sexagesimal": (GOOD + "train:\n  epochs: 1:30\n", "5:11: train.epochs: write the number without :", ""),
    "underscore": (GOOD + "train: {epochs: 1_000}\n", "4:17: train.epochs: write the number without _", ""),
    "date": ("name: 2024-01-01\n" + GOOD, "1:7: name: dates have no meaning here", ""),
    "home": ("data: {name: mnist, path: ~/x}\nmodel: {preset: lenet}", "1:27: data.path: ~ and $ are not expanded", ""),
    "variable": (
        "data:\n  name: mnist\n  path: ${HOME}/x\nmodel: {preset: lenet}",
        "3:9: data.path: ~ and $ are not expanded",
        "",
    ),
    "inf": (
        GOOD + "optimizer: {name: sgd, lr: .inf}\n",
        "4:28: optimizer.lr: must be a number greater than 0",
        "(got .inf)",
    ),
    "nan": (GOOD + "regularize: {l2: .NaN}\n", "4:18: regularize.l2: must be a number", "(got .NaN)"),
    "nan word": (GOOD + "regularize: {l2: nan}\n", "4:18: regularize.l2: must be a number", "(got nan)"),
    "overflow": (GOOD + "regularize: {l2: 1.0e+999}\n", "4:18: regularize.l2: must be a number", "(got 1.0e+999)"),
    "None": (
        GOOD + "train: {eval_every: None}\n",
        "4:21: train.eval_every: must be a whole number",
        "or null (got None)",
    ),
    "huge int": (GOOD + f"train: {{epochs: {'9' * 5000}}}\n", "4:17: train.epochs: a number of 5000 characters", ""),
    "huge int as float": (GOOD + f"regularize: {{l1: {'9' * 900}}}\n", "4:18: regularize.l1: must be a number", ""),
    "seed 2**64": (
        GOOD + f"train: {{seed: {2**64}}}\n",
        "4:15: train.seed: must be a whole number from 0 to 9223372036854775807",
        "",
    ),
    "10^20 epochs": (
        GOOD + f"train: {{epochs: {10**20}}}\n",
        "4:17: train.epochs: must be a whole number from 1 to",
        "",
    ),
    "control character": ('name: "a\\x1b[31m"\n' + GOOD, "1:7: name: ", "characters that cannot be printed"),
    "lone surrogate": ('name: "\\ud800"\n' + GOOD, "1:7: name: ", "\\ud800"),
    # keys
    "duplicate": (GOOD + "train: {epochs: 3}\ndata: digits\n", "5:1: data: is given twice, in lines 1 and 5", ""),
    "unknown key": (GOOD + "train:\n  epoch: 3\n", "5:3: train.epoch: unknown key", 'Did you mean "epochs"?'),
    "unknown top key": (
        GOOD + "optimiser: adam\n",
        "4:1: optimiser: unknown key. Allowed: name, data",
        'Did you mean "optimizer"?',
    ),
    "merge key": (GOOD + "train:\n  <<: {epochs: 3}\n", "5:3: train.<<: merge keys are not allowed", ""),
    "list as key": (GOOD + "? [a]\n: 3\n", "4:3: ?: a key must be a word", ""),
    "mapping as key": (GOOD + "{a: b}: 3\n", "4:1: ?: a key must be a word", ""),
    "number as key": (GOOD + "1: 3\n", "4:1: 1: unknown key", ""),
    # YAML's machinery
    "anchor": (GOOD + "train: &x {epochs: 3}\n", "4:8: train: anchors (&x) are not allowed", ""),
    "anchor on a key": (GOOD + "&k train: {epochs: 3}\n", "4:1: train: anchors (&k) are not allowed", ""),
    "alias": (GOOD + "train: *x\n", "4:8: train: aliases (*x) are not allowed", ""),
    "unprintable key": (GOOD + '"\\ud800": 3\n', "4:1: \\ud800: ", "characters that cannot be printed"),
    "python tag": (
        GOOD + "name: !!python/object:os.system x\n",
        "4:7: name: tags (tag:yaml.org,2002:python/object:os.system) are not",
        "",
    ),
    "own tag": (GOOD + "name: !foo x\n", "4:7: name: tags (!foo) are not allowed", ""),
    "int tag": (GOOD + "train: {epochs: !!int x}\n", "4:17: train.epochs: tags", ""),
    "two documents": (GOOD + "---\ndata: mnist\n", "4:1: a second document begins here", ""),
    "directive": ("%FOO\n" + GOOD, "2:1: not YAML", ""),
    "empty": ("", "1:1: expected a mapping", ""),
    "only comments": ("# nothing\n", "1:1: expected a mapping", ""),
    "null": ("---\n", "expected a mapping", ""),
    "list on top": ("- data\n", "1:1: expected a mapping", ""),
    "scalar on top": ("hello\n", "1:1: expected a mapping", ""),
    "deep": (GOOD + "train: " + "[" * 2000, "4:40: nested too deep (at most 32 levels)", ""),
    "wide": (GOOD + "train: [" + "[]," * 60000 + "]", "too many values (at most 4000)", ""),
    "block text": (GOOD + "name: |\n  a\n  b\n", "4:7: name: ", "characters that cannot be printed"),
    # text
    "tab": (GOOD + "train:\n\tepochs: 3\n", "5:1: a tab stands here", ""),
    "no-break space": (GOOD + "train:\n  epochs:\xa03\n", "5:10: a no-break space stands here", ""),
    "zero-width space": (GOOD + "train: {epochs:\u200b3}\n", "4:16: the invisible character U+200B stands here", ""),
    "colon in text": (GOOD + "name: b: c\n", "4:8: not YAML: mapping values are not allowed here.", "not quoted"),
    "open bracket": (GOOD + "train: {epochs: 3\n", "5:1: not YAML", ""),
    "escape code": (GOOD + "name: a\x1bb\n", "4:8: the character \\x1b is not allowed", ""),
    "latin-1": (GOOD.encode() + b"name: caf\xe9\n", "4:10: the byte 0xE9 is not UTF-8: save as UTF-8", ""),
    "utf-16": (GOOD.encode("utf-16"), "1:1: the text is UTF-16: save as UTF-8", ""),
    "zero byte": (GOOD.encode() + b"a\0", "4:2: a zero byte stands here: save as UTF-8", ""),
    "utf-16 without mark": (GOOD.encode("utf-16-le"), "1:2: a zero byte stands here: save as UTF-8", ""),
    "256 KiB": (b"#" * (256 * 1024 + 1), "s.yaml: is larger than 256 KiB", ""),
    # names
    **{
        f"name {name}": (f"name: '{name}'\n{GOOD}", "1:7: name: must be a name of up to 64 letters", "")
        for name in ("../../x", "-rf", "a/b", "=1+1", "x" * 65, "a b", "é", "x" * 300)
    },
    # choices
    "unknown optimizer": (
        GOOD + "optimizer: adamm\n",
        "4:12: optimizer.name: must be one of adagrad, adam",
        'Did you mean "adam"?',
    ),
    "unnamed optimizer": (
        GOOD + "optimizer: {lr: 1}\n",
        "4:12: optimizer.name: is missing. It must be one of adagrad, adam",
        "",
    ),
    "number as optimizer": (GOOD + "optimizer: 5\n", "4:12: optimizer: must be one of adagrad, adam", "(got 5)"),
    "other optimizer's option": (
        GOOD + "optimizer: {name: sgd, momentum: 0.9}\n",
        "4:24: optimizer.momentum: unknown key. Allowed: name, lr",
        "",
    ),
    "bound": (
        GOOD + "optimizer: {name: momentum, momentum: 1}\n",
        "4:39: optimizer.momentum: must be a number at least 0 and less than 1",
        "(got 1)",
    ),
    "unknown schedule": (
        GOOD + "schedule: cosin\n",
        "4:11: schedule.name: must be one of constant, cosine, step",
        'Did you mean "cosine"?',
    ),
    "schedule without its step": (
        GOOD + "schedule: step\n",
        "4:11: schedule.every: is missing. It must be a whole number from 1 to 1000000000",
        "",
    ),
    "another schedule's option": (
        GOOD + "schedule: {name: cosine, every: 3}\n",
        "4:26: schedule.every: unknown key. Allowed: name, warmup, final",
        "",
    ),
    "warmup": (
        GOOD + "schedule: {name: constant, warmup: -1}\n",
        "4:36: schedule.warmup: must be a whole number from 0 to 1000000000",
        "(got -1)",
    ),
    "schedule that rises": (
        GOOD + "schedule: {name: step, every: 5, factor: 2}\n",
        "4:42: schedule.factor: must be a number greater than 0 and at most 1",
        "(got 2)",
    ),
    "exponent 1": (
        GOOD + "regularize: {lp: 0.1, p: 1}\n",
        "4:26: regularize.p: must be a number greater than 1 and at most 16 and a multiple of 0.5",
        "(got 1)",
    ),
    "exponent between halves": (
        GOOD + "regularize: {lp: 0.1, p: 2.3}\n",
        "4:26: regularize.p: must be a number greater than 1 and at most 16 and a multiple of 0.5",
        "(got 2.3)",
    ),
    "negative penalty": (GOOD + "regularize: {lp: -1}\n", "4:18: regularize.lp: must be a number at least 0", ""),
    "clip at 0": (
        GOOD + "train: {clip: 0}\n",
        "4:15: train.clip: must be a number greater than 0 or null",
        "(got 0)",
    ),
    "unknown data": (
        "data: mnits\nmodel: {preset: lenet}",
        "1:7: data.name: must be one of digits",
        'Did you mean "mnist"?',
    ),
    "no data": ("model: {preset: lenet}", "1:1: data: is missing. It must be one of digits", ""),
    "holdout 1": (
        "data: {name: mnist, holdout: 1}\nmodel: {preset: lenet}",
        "1:30: data.holdout: must be a number greater than 0 and less than 1 or null",
        "",
    ),
    "unknown preset": (
        "data: mnist\nmodel: {preset: lenett}",
        "2:17: model.preset: must be one of alexnet",
        'Did you mean "lenet"?',
    ),
    "number as preset": (
        "data: mnist\nmodel: {preset: 5}",
        "2:17: model.preset: must be one of alexnet",
        "(got 5)",
    ),
    "preset as list": (
        "data: mnist\nmodel: {preset: [5]}",
        "2:17: model.preset: must be one of alexnet",
        "(got a list)",
    ),
    "preset and layers": (GOOD + "  layers: [relu]\n", "3:3: model: must have either preset or layers", ""),
    "neither": (
        "data: mnist\nmodel: {init: he}",
        "2:8: model: must have either preset or layers. Presets: alexnet",
        "",
    ),
    "model as word": ("data: mnist\nmodel: lenet", "2:8: model: must be one of alexnet", "(got lenet)"),
    "preset option": (GOOD + "  poling: max\n", "4:3: model.poling: unknown key", 'Did you mean "pooling"?'),
    "preset value": (
        GOOD + "  pooling: maxx\n",
        "4:12: model.pooling: must be one of max, average",
        'Did you mean "max"?',
    ),
    "no layers": ("data: mnist\nmodel: {layers: []}", "2:17: model.layers: must be a list of", ""),
    "layers as mapping": ("data: mnist\nmodel: {layers: {a: 1}}", "2:17: model.layers: must be a list of", ""),
    "unknown layer": (
        LAYERS + "    - relu\n    - cnv\n",
        "5:7: model.layers.1.type: must be one of avgpool",
        'Did you mean "conv"?',
    ),
    "number as layer": (LAYERS + "    - 5\n", "4:7: model.layers.0: must be one of avgpool", "(got 5)"),
    "missing option": (
        LAYERS + "    - {type: conv, filters: 3}\n",
        "4:7: model.layers.0.kernel: is missing. It must be a whole number",
        "",
    ),
    "zero units": (
        LAYERS + "    - type: dense\n      units: 0\n",
        "5:14: model.layers.0.units: must be a whole number at least 1 (got 0)",
        "",
    ),
    "layer option": (
        LAYERS + "    - {type: conv, filters: 3, kernel: 3, stirde: 1}\n",
        "4:43: model.layers.0.stirde: unknown key",
        'Did you mean "stride"?',
    ),
    "either of two types": (
        LAYERS + "    - {type: conv, filters: 3, kernel: 3, pad: sam}\n",
        "4:48: model.layers.0.pad: must be a whole number at least 0 or same",
        "(got sam)",
    ),
    # rules
    "epochs and iterations": (
        GOOD + "train: {epochs: 1, iterations: 1}\n",
        "4:8: train: give epochs or iterations, not both",
        "",
    ),
    "early stop": (GOOD + "train: {early_stop: {min_delta: 1}}\n", "4:21: train.early_stop.patience: is missing", ""),
    "device": (
        GOOD + "device: gpu\n",
        f"4:9: device: must be one of {', '.join(DEVICES)} (got gpu)",
        'Did you mean "cpu"?',
    ),
    "train as list": (GOOD + "train: [3]\n", "4:8: train: must be a mapping (got a list)", ""),
    "variant setting": (
        GOOD + "compare:\n  variants:\n    a: {optimizer.lrr: 1}\n",
        "6:9: optimizer.lrr: unknown key",
        'Did you mean "lr"?',
    ),
    "variant value": (
        GOOD + "compare:\n  variants:\n    a: {optimizer.lr: x}\n",
        "6:23: optimizer.lr: must be a number greater than 0 (got x)",
        "",
    ),
    "variant name": (
        GOOD + "compare: {variants: {a b: {train.seed: 1}}}\n",
        "4:22: compare.variants.a b: must be a name",
        "",
    ),
    "variant as list": (GOOD + "compare: {variants: {a: [1]}}\n", "4:25: compare.variants.a: must be a mapping", ""),
    "no such baseline": (
        GOOD + "compare: {variants: {a: {}}, baseline: b}\n",
        "4:10: compare: no variant is called b",
        "",
    ),
    "grid value": (
        GOOD + "compare: {grid: {optimizer.lr: [1, x]}}\n",
        "4:36: optimizer.lr: must be a number greater than 0 (got x)",
        "",
    ),
    "grid of one": (GOOD + "compare: {grid: {optimizer.lr: 1}}\n", "4:32: compare.grid.optimizer.lr: must be a", ""),
    "target": (
        GOOD + "compare: {target: 90}\n",
        "4:19: compare.target: must be a number greater than 0 and at most 1",
        "",
    ),
    "seed listed twice": (GOOD + "compare: {seeds: [1, 1]}\n", "4:10: compare: a seed is listed twice", ""),
    "two variants of one name": (
        GOOD + "compare: {grid: {train.clip: [1.5, -1.5]}}\n",
        "4:10: compare: two variants are called clip1.5",
        "",
    ),
    "a list where one of several mappings is due": (
        GOOD + "compare: {variants: {a: {optimizer: [sgd]}}}\n",
        "4:37: optimizer: must be one of adagrad",
        "(got a list)",
    ),
    "a word among seeds": (
        GOOD + "compare: {seeds: [0, x]}\n",
        "4:18: compare.seeds: must be a whole number from 1 to 1000 or a list of whole numbers",
        "(got a list)",
    ),
    "no seeds": (
        GOOD + "compare: {seeds: 0}\n",
        "4:18: compare.seeds: must be a whole number from 1 to 1000 or a list",
        "",
    ),
}


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
