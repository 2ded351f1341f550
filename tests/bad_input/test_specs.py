"""Specs that are wrong, trap by trap, as `dlab validate` and `dlab train` tell of them; all end with exit code 2."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from dlab.cli.group import dlab

GOOD = "data: xor\nmodel: {preset: mlp, hidden: [3]}\nloss: mse\n"
LAYERS = "data: digits\nmodel:\n  layers:\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)

# trap: text, where and what is said
ROWS = {
    "a word for a number": (GOOD + "optimizer: {name: sgd, lr: fast}\n", "4:28: optimizer.lr: must be a number"),
    "no for a word": ("name: no\n" + GOOD, "1:7: name: not every reader takes this for a boolean"),
    "off as a key": (GOOD + "off: 3\n", "4:1: off: unknown key. Allowed: name, data"),
    "a number for a boolean": (
        LAYERS + "  - {type: dense, units: 10, bias: 1}\n",
        "4:36: model.layers.0.bias: must be",
    ),
    "duplicate key": (GOOD + "threads: 1\nthreads: 2\n", "5:1: threads: is given twice, in lines 4 and 5"),
    "misspelt key": (GOOD + "trian: {epochs: 2}\n", "4:1: trian: unknown key. Allowed: name, data"),
    "misspelt key, nearest name": (GOOD + "trian: {epochs: 2}\n", 'Did you mean "train"?'),
    "octal 012": (GOOD + "threads: 012\n", "4:10: threads: a number has no leading zero"),
    "octal 0755": (GOOD + "threads: 0755\n", "4:10: threads: a number has no leading zero"),
    "sexagesimal": (GOOD + "train: {epochs: 1:30}\n", "4:17: train.epochs: write the number without :"),
    "underscores": (GOOD + "train: {epochs: 1_000}\n", "4:17: train.epochs: write the number without _"),
    "date": (GOOD + "train: {epochs: 2024-01-01}\n", "4:17: train.epochs: dates have no meaning here"),
    ".nan": (GOOD + "regularize: {l1: .nan}\n", "4:18: regularize.l1: must be a number at least 0 (got .nan)"),
    ".inf": (GOOD + "regularize: {l1: .inf}\n", "4:18: regularize.l1: must be a number at least 0 (got .inf)"),
    "1.0e+999": (GOOD + "regularize: {l1: 1.0e+999}\n", "4:18: regularize.l1: must be a number at least 0"),
    "nan": (GOOD + "regularize: {l1: nan}\n", "4:18: regularize.l1: must be a number at least 0 (got nan)"),
    "None": (GOOD + "threads: None\n", "4:10: threads: must be a whole number from 1 to 1024 or null (got None)"),
    "True for an integer": (GOOD + "threads: True\n", "4:10: threads: must be a whole number"),
    "alias bomb": (GOOD + BOMB, "4:4: a: anchors (&a) are not allowed"),
    "self-reference": (GOOD + "train: &a [*a]\n", "4:12: train.0: aliases (*a) are not allowed"),
    "2,000 brackets": (GOOD + "train: " + "[" * 2000, "4:40: nested too deep (at most 32 levels)"),
    "100,000 brackets": (GOOD + "train: " + "[]" * 100_000, "4:10: not YAML"),
    "300,000 bytes": (GOOD + "#" * 300_000, "s.yaml: is larger than 256 KiB"),
    "Python tag": (
        GOOD + "name: !!python/object/apply:os.system [ls]\n",
        "4:7: name: tags (tag:yaml.org,2002:python/o",
    ),
    "own tag": (GOOD + "name: !foo x\n", "4:7: name: tags (!foo) are not allowed"),
    "!!int x": (GOOD + "threads: !!int x\n", "4:10: threads: tags (tag:yaml.org,2002:int) are not allowed"),
    "!!timestamp x": (GOOD + "name: !!timestamp x\n", "4:7: name: tags (tag:yaml.org,2002:timestamp) are not"),
    "5,000 digits": (GOOD + f"threads: {'9' * 5000}\n", "4:10: threads: a number of 5000 characters"),
    "empty": ("", "1:1: expected a mapping"),
    "only comments": ("# a\n# b\n", "1:1: expected a mapping"),
    "a list on top": ("- data: xor\n", "1:1: expected a mapping"),
    "a word on top": ("xor\n", "1:1: expected a mapping"),
    "two documents": (GOOD + "---\n" + GOOD, "4:1: a second document begins here"),
    "UTF-16": (GOOD.encode("utf-16"), "1:1: the text is UTF-16: save as UTF-8"),
    "latin-1": (GOOD.encode() + b"# caf\xe9\n", "4:6: the byte 0xE9 is not UTF-8: save as UTF-8"),
    "NUL": (GOOD.encode() + b"name: a\0b\n", "4:8: a zero byte stands here"),
    "tab": (GOOD + "train:\n\tepochs: 2\n", "5:1: a tab stands here: write a plain space"),
    "a: b: c": (GOOD + "name: b: c\n", '4:8: not YAML: mapping values are not allowed here. Is a text with ": "'),
    "lone surrogate": (GOOD + 'name: "\\ud800"\n', '4:7: name: "\\ud800" has characters that cannot be printed'),
    "no-break space": (GOOD + "threads:\xa02\n", "4:9: a no-break space stands here"),
    "${HOME}": ("data:\n  name: csv\n  path: ${HOME}/x\n", "3:9: data.path: ~ and $ are not expanded"),
    "~": ("data: {name: csv, path: ~/x}\n", "1:25: data.path: ~ and $ are not expanded"),
    **{
        f"name {name[:10]!r}": (f'name: "{name}"\n{GOOD}', "1:7: name: must be a name of up to 64 letters, digits")
        for name in ("../../x", "-rf", "a/b", "=1+1", "@a", "a b", "[/x]", "x" * 300, "")
    },
    "ESC in a name": ('name: "\\e[31m"\n' + GOOD, '1:7: name: "\\x1b[31m" has characters that cannot be printed'),
    "layers that do not fit": (
        LAYERS + "  - {type: conv, filters: 4, kernel: 9}\n",
        "4:38: model.layers.0.kernel: kernel 9 does not",
    ),
    "units 0": (
        LAYERS + "  - {type: dense, units: 0}\n",
        "4:26: model.layers.0.units: must be a whole number at least 1",
    ),
    "units -1": (LAYERS + "  - {type: dense, units: -1}\n", "4:26: model.layers.0.units: must be a whole number at"),
    "batch 0": (GOOD + "train: {batch_size: 0}\n", "4:21: train.batch_size: must be a whole number from 1"),
    "split 0": ("data: {name: xor, holdout: 0}\n", "1:28: data.holdout: must be a number greater than 0 and less"),
    "split 1": ("data: {name: xor, holdout: 1}\n", "1:28: data.holdout: must be a number greater than 0 and less"),
    "images of 10^6 pixels a side": (
        "data: {name: digits, size: 1000000}\n" + GOOD[10:],
        "1:28: data.size: must be a whole number",
    ),
}


@pytest.mark.parametrize(("text", "said"), ROWS.values(), ids=ROWS)
def test_refused_at_its_place(refused, text, said):
    Path("s.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    told = refused(2, "validate", "s.yaml")
    place = "s.yaml:" if said[0].isdigit() else ""
    assert place + said in told


READ = {
    "1e-3": (GOOD + "optimizer: {name: sgd, lr: 1e-3}\n", ("optimizer", "lr"), 0.001),
    "1E5": (GOOD + "optimizer: {name: sgd, lr: 1E5}\n", ("optimizer", "lr"), 1e5),
    "BOM": ("\ufeff" + GOOD, ("name",), "s"),
    "CRLF": (GOOD.replace("\n", "\r\n"), ("name",), "s"),
    "CR": (GOOD.replace("\n", "\r"), ("name",), "s"),
    "a quoted no": ("name: 'no'\n" + GOOD, ("name",), "no"),
}


@pytest.mark.parametrize(("text", "path", "value"), READ.values(), ids=READ)
def test_read_as_it_is_meant(tmp_path, text, path, value):
    from dlab.spec import load

    (tmp_path / "s.yaml").write_bytes(text.encode())
    found = load(tmp_path / "s.yaml").to_dict()
    for step in path:
        found = found[step]
    assert found == value


HUGE = {
    "10^12 units": (LAYERS + "  - {type: dense, units: 1000000000000}\n  - {type: dense, units: 10}\n", 5, "of memory"),
    "10^12 filters": (
        LAYERS + "  - {type: conv, filters: 1000000000000, kernel: 3}\n  - {type: dense, units: 10}\n",
        5,
        "of memory",
    ),
    "10^15 hidden units": (GOOD.replace("3", "1000000000000000"), 5, "of memory"),
    "10^9 samples": (
        "data: {name: noise, samples: 1000000000, features: 1000000}\nmodel: {preset: mlp}\n",
        5,
        "noise: 1,000,000,000 samples",
    ),
    "10^9 images": (
        "data: {name: noise-images, samples: 1000000000}\nmodel: {preset: lenet}\n",
        5,
        "noise-images: 1,0",
    ),
    "10^9 points": ("data: {name: spiral, samples: 1000000000000}\nmodel: {preset: mlp}\n", 5, "spiral: "),
    "10^12 prices": ("data: {name: prices, samples: 1000000000000}\nmodel: {preset: mlp}\nloss: mse\n", 5, "prices: "),
    "large digits": ("data: {name: digits, size: 4096}\nmodel: {preset: mlp}\n", 5, "digits: 1,797 samples"),
}


@pytest.mark.parametrize(("text", "code", "said"), HUGE.values(), ids=HUGE)
def test_what_no_machine_holds_is_refused_before_it_is_taken(refused, monkeypatch, text, code, said):
    monkeypatch.setattr("dlab.machine.free_memory", lambda: 2_000_000_000)
    Path("s.yaml").write_text(text)
    assert said in refused(code, "train", "s.yaml", "--device", "reference")


def test_a_batch_larger_than_the_data_is_all_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(GOOD + "train: {batch_size: 1000000, epochs: 2}\ndevice: reference\n")
    result = CliRunner().invoke(dlab, ["train", "s.yaml", "--no-plots"], prog_name="dlab")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "results/train/s/results.csv").read_text().splitlines()[-1].startswith("2,2,")


def test_all_faults_are_told_at_once(refused):
    Path("s.yaml").write_text(GOOD + "threads: 012\ntrain: {epochs: 0}\nseed: 3\n")
    lines = refused(2, "validate", "s.yaml").splitlines()
    assert [line.split("s.yaml:")[1].split(":")[0] for line in lines] == ["4", "5", "6"]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (os.mkdir, "a folder"),
        (os.mkfifo, "a pipe"),
        (lambda path: os.symlink("/dev/zero", path), "a device"),
        (lambda path: os.symlink(path, path), "no such file"),
        (lambda path: None, "no such file"),
    ],
    ids=["folder", "pipe", "device", "loop", "missing"],
)
@pytest.mark.parametrize("command", ["validate", "train", "summary", "filter-demo", "compare-init"])
def test_a_spec_is_a_regular_file(refused, make, kind, command):
    make("thing.yaml")
    assert kind in refused(2, command, "thing.yaml")
