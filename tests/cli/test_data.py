"""`dlab data list` and `dlab data fetch`."""

import json

import pytest

from dlab.cli import sets
from dlab.data import files
from dlab.data.files import Collection
from dlab.data.sets import mnist
from dlab.report.output import Output


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """An empty cache, no DLAB_DATA, and mirrors that nobody answers."""
    monkeypatch.delenv("DLAB_DATA", raising=False)
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "cache")
    closed = Collection("mnist", mnist.MNIST.hashes, mnist.MNIST.sizes, ("https://127.0.0.1:1/",))
    monkeypatch.setitem(mnist.COLLECTIONS, "mnist", closed)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_list(invoke):
    result = invoke("data", "list")
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert result.exit_code == 0
    assert "built in" in lines["digits"]
    assert "1,438" in lines["digits"]
    assert "dlab data fetch mnist" in lines["mnist"]
    assert "where data.path says" in lines["csv"]


def test_list_as_json(invoke):
    found = json.loads(invoke("data", "list", "--json").stdout)
    assert found["digits"]["train"] == 1438
    assert found["mnist"]["found"] is None


def test_offline(invoke):
    result = invoke("data", "fetch", "mnist")
    assert result.exit_code == 3
    assert "could not be fetched" in result.stderr
    assert "data.name=digits" in result.stderr


def test_unknown_set(invoke):
    assert invoke("data", "fetch", "cifar").exit_code == 2


@pytest.mark.parametrize("flag", [None, "--json", "-q"])
def test_fetch(invoke, monkeypatch, tmp_path, flag):
    def fetched(collection, told, insecure=False):
        told("train-images", 5, 10)
        told("train-images", 10, 10)
        return tmp_path / collection.name

    monkeypatch.setattr(files, "fetch", fetched)
    result = invoke("data", "fetch", "fashion-mnist", *([flag] if flag else []))
    assert result.exit_code == 0
    assert str(tmp_path / "fashion-mnist") in result.stdout
    assert result.stderr.count("train-images") == (0 if flag == "-q" else 1)
    if flag == "--json":
        assert json.loads(result.stdout)["name"] == "fashion-mnist"


def test_a_terminal_sees_how_far_a_download_is_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr("dlab.report.output._terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "xterm")
    told = sets._teller(Output())
    told("train-images", 5, 10)
    told("train-images", 10, 10)
    assert capsys.readouterr().err == "train-images   50 %\rtrain-images  100 %\n"
