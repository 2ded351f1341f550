"""`dlab bench` from the command line to the files it leaves."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dlab.cli.group import dlab
from dlab.studies.bench import convolution

SHAPES = ("--shape", "2x6x7:3x3x3:1:1", "--shape", "1x5x5:2x3x3")
FEW = (*SHAPES, "--batch", "3", "--seconds", "0.02", "--threads", "1", "--device", "reference")
SPEC = ("lenet-digits", "--seconds", "0.02", "--threads", "1", "--device", "reference", "-s", "data.train_limit=100")
PNG = b"\x89PNG\r\n\x1a\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(dlab, arguments, prog_name="dlab")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder in which both kinds of measurement have run once."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        for name, arguments in (("ways", FEW), ("step", SPEC)):
            result = run("bench", *arguments, "--json")
            assert result.exit_code == 0, result.output
            Path(f"{name}.json").write_text(result.stdout)
    return home


@pytest.fixture
def there(home, monkeypatch) -> Path:
    """The folder of their results."""
    monkeypatch.chdir(home)
    return home / "results/bench"


@pytest.mark.parametrize(
    ("name", "picture", "spec"), [("convolutions", "roofline.png", False), ("lenet-digits", "step.png", True)]
)
def test_the_folder_holds_a_table_raw_times_and_a_picture(there, name, picture, spec):
    kept = {path.name for path in (there / name).iterdir()}
    assert kept == {"run.json", "log.txt", "bench.csv", "bench.json", picture} | ({"spec.yaml"} if spec else set())
    assert (there / name / picture).read_bytes().startswith(PNG)
    facts = json.loads((there / name / "run.json").read_text())
    assert (facts["status"], facts["threads"], facts["device"]) == ("done", 1, "reference")
    assert facts["fma_limit"] >= facts["lowest_fma_limit"] > 0
    assert facts["copy_limit"] > 0


def test_json_is_one_object_with_the_rows_of_the_table(home, there):
    told = json.loads((home / "ways.json").read_text())
    assert told["folder"] == "results/bench/convolutions"
    ways = [(row["convolution"], row["direction"], row["way"]) for row in told["rows"]]
    assert len(ways) == len(set(ways)) == 2 * 3 * 3
    with (there / "convolutions/bench.csv").open() as file:
        assert [row["gflops"] for row in csv.DictReader(file)] == [repr(row["gflops"]) for row in told["rows"]]
    raw = json.loads((there / "convolutions/bench.json").read_text())
    assert set(raw["races"][0]["rounds"]) == {"definition", "im2col", "dlab"}


def test_the_step_sums_to_the_whole(home):
    told = json.loads((home / "step.json").read_text())
    assert sum(row["share"] for row in told["rows"]) == pytest.approx(1)
    assert {row["layer"] for row in told["rows"]} == {"conv1", "conv2", "dense1", "dense2", "dense3", ""}
    assert told["step_seconds"] > 0


def test_a_measurement_is_listed_and_shown_again(there):
    listed = run("runs", "list").stdout
    assert "2 convolutions three ways" in listed
    assert "lenet, digits" in listed
    drawn = (there / "convolutions/roofline.png").read_bytes()
    (there / "convolutions/roofline.png").unlink()
    shown = run("runs", "show", "convolutions", "--plots").stdout
    assert "all ways agree" in shown
    assert "2x6x7:3x3x3:1:1" in shown
    assert (there / "convolutions/roofline.png").read_bytes() == drawn
    assert "conv1    relu + maxpool" in run("runs", "show", "lenet-digits").stdout


def test_quiet_prints_the_last_word_only(there, tmp_path):
    result = run("bench", *FEW, "-q", "--no-plots", "-o", str(tmp_path), "--name", "small")
    assert result.stdout.startswith("limits of 1 thread")
    assert result.stdout.rstrip().endswith(str(tmp_path / "bench" / "small"))
    assert not (tmp_path / "bench/small/roofline.png").exists()


def test_ways_that_disagree_end_with_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(convolution, "TOLERANCE", 0.0)
    result = run("bench", *FEW)
    assert result.exit_code == 1
    assert "im2col and definition differ by" in result.stderr
    assert "Traceback" not in result.output
    facts = json.loads(Path("results/bench/convolutions/run.json").read_text())
    assert facts["status"] == "failed"
    assert run("runs", "show", "convolutions").stdout.splitlines()[-2:] == ["failed", "results/bench/convolutions"]


def test_what_is_left_out_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(convolution, "PATIENCE", 0.0)
    said = run("bench", *FEW).stdout
    assert "left out" in said.splitlines()[3]
    assert "left out: definition of 2x6x7:3x3x3:1:1, forward; definition of 2x6x7:3x3x3:1:1, data gradient; " in said
    assert "definition of 1x5x5:2x3x3, weight gradient: one call would take too long" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--shape", "3x3"), 2, "is not CxHxW:KxFxF"),
        (("lenet", "--shape", "2x6x6:3x3x3"), 2, "without a SPEC"),
        (("lenet", "--batch", "3"), 2, "train.batch_size"),
        (("-s", "train.batch_size=3"), 2, "change a SPEC"),
        (("--seconds", "0"), 2, "--seconds"),
        (("lenett",), 2, 'Did you mean "lenet"?'),
        (("--shape", "3x9x9:4x3x3", "--batch", "10000000000"), 5, "GB of memory, and"),
        (("--device", "cuda"), 5, "cuda cannot be used: "),
    ],
)
def test_faults_are_told_before_anything_is_made(tmp_path, monkeypatch, arguments, code, said):
    monkeypatch.chdir(tmp_path)
    result = run("bench", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert not (tmp_path / "results").exists()
