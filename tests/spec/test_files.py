"""Where specs come from: the shipped ones, local files, their names and encodings."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dlab.spec import Spec, files, load, shipped
from dlab.spec.kinds import headline
from tests.spec.specs import FULL, GOOD


@pytest.mark.parametrize("change", [lambda t: b"\xef\xbb\xbf" + t, lambda t: t.replace(b"\n", b"\r\n")])
def test_byte_order_mark_and_line_ends(write: Callable, change: Callable[[bytes], bytes]):
    spec = load(write(change(FULL.encode())))
    assert spec.where(("model", "layers", 1, "filters")) == "s.yaml:7:16"


def test_a_name_is_made_of_the_file_name(tmp_path: Path):
    path = tmp_path / "-my spec é.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load(path).name == "my-spec--"


class TestShipped:
    def test_all_are_there(self):
        expected = {"lenet", "lenet-digits", "simple-convnet", "deep-convnet", "mlp", "fashion", "xor", "perceptron"}
        assert expected <= shipped().keys()

    def test_places_show_the_short_name(self):
        assert load("lenet").where(("data",)).startswith("lenet.yaml:3:")

    def test_a_local_file_comes_first(self, read: Callable[..., Spec]):
        read(GOOD)
        Path("lenet.yaml").write_text(GOOD + "threads: 7\n")
        assert load("lenet.yaml").threads == 7

    def test_an_installed_package_finds_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "experiments").mkdir()
        (tmp_path / "experiments" / "a.yaml").touch()
        monkeypatch.setattr(files, "HOMES", (tmp_path / "experiments", *files.HOMES))
        assert list(shipped()) == ["a"]
        monkeypatch.setattr(files, "HOMES", ())
        assert shipped() == {}


def test_import_is_light():
    code = (
        "import sys, dlab.spec; print([m for m in ('numpy', 'numba', 'click', 'rich', 'dlab.nn') if m in sys.modules])"
    )
    environment = {"PYTHONPATH": str(files.PACKAGE.parent)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.strip() == "[]"


def test_every_shipped_spec_names_its_command():
    commands = {name: headline(path) for name, path in shipped().items()}
    assert commands["lenet"][0] == "train"
    assert commands["gabor"][0] == "filter-demo"
    assert all(shows and not shows.startswith("#") for _, shows in commands.values())
