"""`dlab filter-demo` from the command line to the files it leaves."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dlab.cli.group import dlab
from dlab.registry import DEMONSTRATIONS
from dlab.report import shows
from dlab.results import findings

SMALL = """\
numbers:
sizes:
channels:
im2col:
pooling:
filters: {image: digit, filters: [mean, sobel]}
gabor: {image: digit, size: 5, f: 0.5, sigma_x: 2, sigma_y: 2}
bank: {images: [{name: grating, size: 24}], orientations: 4, frequencies: [0.5]}
cells: {phases: 8}
tolerance:
receptive_field: {networks: [lenet]}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(dlab, ["filter-demo", *arguments], prog_name="dlab")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder in which every demonstration has run once on the reference device."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        Path("small.yaml").write_text(SMALL)
        result = run("small.yaml", "--device", "reference")
        assert result.exit_code == 0, result.output
        Path("said.txt").write_text(result.stdout, encoding="utf-8")
    return home


@pytest.fixture
def there(home, monkeypatch) -> Path:
    """The folder of that run."""
    monkeypatch.chdir(home)
    return home / "results/filter-demo/small"


def test_the_spec_shows_everything_there_is():
    assert {line.split(":")[0] for line in SMALL.splitlines()} == set(DEMONSTRATIONS)


def test_the_folder_holds_tables_arrays_and_pictures(there):
    kept = {path.name for path in there.iterdir()}
    assert kept >= {"spec.yaml", "run.json", "log.txt"} | {f"{name}.csv" for name in DEMONSTRATIONS}
    drawn = {name.removesuffix(".png") for name in kept if name.endswith(".png")}
    assert drawn == set(DEMONSTRATIONS) - {"sizes", "channels"}
    facts = json.loads((there / "run.json").read_text())
    assert (facts["status"], facts["device"], facts["shown"][0]) == ("done", "reference", "numbers")
    assert "numbers: " in (there / "log.txt").read_text()


PRINTED = {
    "T01": ["0 30 30  0            0 -30 -30   0     0 0 0 0"],
    "T02": ["1/9 1/9 1/9", "1 2/3 1/3   0"],
    "T03": ["0 4 4 0"],
    "T04": ["-3  0  3  3  0  0", "-4  0  4  4  0  0"],
    "T10": ["6          2          1       1           7          7"],
    "T11": ["224         11          4       0       54.25         54"],
    "T13": ["51 70 12 12 36  1 82 61 73     70"],
    "T14": ["164 244 292 184"],
    "T16": ["42.25    28", "94.556861  71.119618", "117.549989 122.155638", "43.5625"],
    "T17": ["0.25 0.25  0.5  0.5", "3 0 0 4"],
    "T18": ["-0.606531", "28.25"],
    "T20": ["-2.4"],
    "T22": ["maxpool2        2        2                16"],
    "errata": ["E04", "E06", "E07", "E15", "E20", "E21", "E56", "E57", "E62"],
}


@pytest.mark.parametrize("pieces", PRINTED.values(), ids=PRINTED)
def test_the_worked_examples_are_printed(home, pieces):
    said = (home / "said.txt").read_text(encoding="utf-8")
    for piece in pieces:
        assert piece in said


@pytest.mark.parametrize("name", sorted(set(DEMONSTRATIONS) - {"sizes", "channels"}))
def test_a_picture_drawn_again_from_the_disk_is_the_same(there, name):
    content = shows.picture(name, findings.load(there, name))
    assert content == (there / f"{name}.png").read_bytes()


def test_a_run_is_shown_again_from_its_files(there):
    shown = CliRunner().invoke(dlab, ["runs", "show", "small"], prog_name="dlab")
    assert "164 244 292 184" in shown.stdout
    assert "done: numbers, sizes" in shown.stdout


def test_two_demonstrations_are_put_side_by_side(there):
    run("small.yaml", "-s", "gabor.theta=30", "-s", "name=turned", "--device", "reference", "-q", "--no-plots")
    told = CliRunner().invoke(dlab, ["runs", "compare", "small", "turned", "--json"], prog_name="dlab").stdout
    assert [run["settings"] for run in json.loads(told)["runs"]] == [{"gabor.theta": 0.0}, {"gabor.theta": 30.0}]


def test_the_resolved_spec_runs_again_to_the_same_bytes(there, tmp_path):
    assert (
        run(str(there / "spec.yaml"), "--device", "reference", "-o", str(tmp_path), "-q", "--no-plots").exit_code == 0
    )
    again = tmp_path / "filter-demo" / "small"
    for name in DEMONSTRATIONS:
        assert (again / f"{name}.csv").read_bytes() == (there / f"{name}.csv").read_bytes()


def test_json_is_one_object(there):
    result = run("small.yaml", "-s", "name=b", "--device", "reference", "--json", "--no-plots", "-o", "out")
    told = json.loads(result.stdout)
    assert (told["folder"], told["status"]) == ("out/filter-demo/b", "done")
    assert told["demonstrations"]["numbers"]["arrays"]["cross-correlation 0"] == [[0, 30, 30, 0]] * 4
    assert told["demonstrations"]["channels"]["rows"][-1]["channel"] == "sum"


def test_quiet_prints_the_last_word_only(there):
    result = run("small.yaml", "--device", "reference", "-q", "--no-plots", "-o", "out")
    assert result.stderr == ""
    assert result.stdout.strip().startswith("done: numbers")
    assert len(result.stdout.strip().splitlines()) <= 4


def test_a_dry_run_computes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = run("filters.yaml", "--dry-run")
    assert "vertical edge: 6x6 -> 4x4" in told.stdout
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("filters", "-s", "filters.image=file", "-s", "filters.image.path=no.png"),
            2,
            "no.png: there is no such file",
        ),
        (("filters", "-s", "numbers.filters.1.size=9"), 2, "numbers.filters.1: mean 9x9"),
        (("filters", "--device", "reference", "-s", "filters.pad=1000000"), 5, "each of 7 filters takes "),
        (("cells", "-s", "cells.phases=361"), 2, "must be a whole number from 1 to 360"),
        (("cells", "-s", "cells.f=1e-9"), 2, "cells.f: 1e-09 is too small: a wavelength may have 512 pixels"),
        (("filters", "--device", "cuda"), 5, "cuda cannot be used: "),
        (("filterss",), 2, 'Did you mean "filters"?'),
        (("lenet",), 2, "dlab train lenet"),
        (("gabor", "--name", "../up"), 2, "cannot name a run"),
        (("gabor", "--seed", "1"), 2, "--seed"),
    ],
)
def test_faults_are_told_without_a_traceback(tmp_path, monkeypatch, arguments, code, said):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_validate_ls_and_cp_know_both_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = [
        CliRunner().invoke(dlab, words.split()).stdout for words in ("validate gabor xor", "ls", "cp gabor mine.yaml")
    ]
    assert said[0].split() == ["gabor:", "ok", "xor:", "ok"]
    assert [line.split()[1] for line in said[1].splitlines() if line.startswith((" gabor", " xor"))] == [
        "filter-demo",
        "train",
    ]
    assert "dlab filter-demo mine.yaml" in said[2]
