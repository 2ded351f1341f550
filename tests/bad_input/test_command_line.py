"""Command lines that are wrong, trap by trap; exit code 2 unless a row says otherwise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dlab import assemble
from dlab.cli.group import dlab

SPEC = "data: xor\nmodel: {preset: mlp, hidden: [3]}\nloss: mse\ntrain: {iterations: 2}\ndevice: reference\n"

# trap: arguments, what is said
ROWS = {
    "unknown command": (("trian",), 'no such command "trian". Did you mean "train"?'),
    "unknown option": (("train", "s.yaml", "--naem", "x"), "No such option"),
    "unknown option, nearest name": (("train", "s.yaml", "--naem", "x"), "--name"),
    "no spec": (("train",), "give a SPEC to train, or --resume RUN"),
    "--set with a word": (
        ("train", "s.yaml", "-s", "optimizer.lr=abc"),
        "--set optimizer.lr=abc: optimizer.lr: must be a",
    ),
    "--set of an unknown key": (
        ("train", "s.yaml", "-s", "optimizer.lrr=1"),
        "--set optimizer.lrr=1: optimizer.lrr: unknown",
    ),
    "--set of an unknown key, nearest": (("train", "s.yaml", "-s", "optimizer.lrr=1"), 'Did you mean "lr"?'),
    "--set =": (("train", "s.yaml", "-s", "="), "--set =: must be key=value, such as train.epochs=5"),
    "--set without a value": (
        ("train", "s.yaml", "-s", "threads="),
        "--set threads=: has no value; write null for none",
    ),
    "--set of a key twice": (("train", "s.yaml", "-s", "threads=1", "-s", "threads=2"), "threads is set twice"),
    "--set and --seed": (("train", "s.yaml", "-s", "train.seed=1", "--seed", "2"), "--seed 2: train.seed is set twice"),
    "--set with an escape code": (("train", "s.yaml", "-s", "\x1b[31m=1"), "--set \\x1b[31m=1: must be key=value"),
    "epochs 0": (
        ("train", "s.yaml", "-s", "train={epochs: 0}"),
        "train.epochs: must be a whole number from 1 to 1000000000",
    ),
    "epochs -1": (("train", "s.yaml", "-s", "train={epochs: -1}"), "train.epochs: must be a whole number from 1"),
    "epochs 10^20": (
        ("train", "s.yaml", "-s", f"train={{epochs: {10**20}}}"),
        "train.epochs: must be a whole number from 1",
    ),
    "epochs 1e3": (("train", "s.yaml", "-s", "train={epochs: 1e3}"), "train.epochs: must be a whole number from 1"),
    "--epochs 0": (("verify", "latest", "--epochs", "0"), "0 is not in the range x>=1"),
    "--epochs 1e3": (("verify", "latest", "--epochs", "1e3"), "'1e3' is not a valid integer"),
    "--seed -1": (("train", "s.yaml", "--seed", "-1"), "-1 is not in the range x>=0"),
    "--seed 2**64": (
        ("train", "s.yaml", "--seed", str(2**64)),
        "train.seed: must be a whole number from 0 to 922337203685477",
    ),
    "--seeds 0": (("compare-init", "s.yaml", "--seeds", "0"), "compare.seeds: must be a whole number from 1 to 1000"),
    "--seeds -1": (("compare-init", "s.yaml", "--seeds", "-1"), "compare.seeds: must be a whole number from 1 to 1000"),
    "--seeds 10^9": (
        ("compare-init", "s.yaml", "--seeds", str(10**9)),
        "compare.seeds: must be a whole number from 1 to 1000",
    ),
    "--seeds a,b": (("compare-init", "s.yaml", "--seeds", "a,b"), "a,b is neither a number nor a list such as 0,1,2"),
    "--seeds 1,1": (("compare-init", "s.yaml", "--seeds", "1,1"), "a seed is listed twice"),
    "--seeds of thousand digits": (("compare-init", "s.yaml", "--seeds", "9" * 5000), "--seeds"),
    "--jobs 0": (("compare-init", "s.yaml", "-j", "0"), "0 is not in the range x>=1"),
    "--jobs 10^9": (("compare-init", "s.yaml", "-j", str(10**9), "--threads", "1"), "than the"),
    "--threads 0": (("train", "s.yaml", "--threads", "0"), "0 is not between 1 and"),
    "--threads -1": (("train", "s.yaml", "--threads", "-1"), "-1 is not between 1 and"),
    "--threads 1000": (("train", "s.yaml", "--threads", "1000"), "1000 is not between 1 and"),
    "--threads abc": (("train", "s.yaml", "--threads", "abc"), "'abc' is not a valid integer"),
    "--device gpu": (("train", "s.yaml", "--device", "gpu"), "'gpu' is not one of"),
    "--tolerance nan": (("verify", "latest", "--tolerance", "nan"), "--tolerance"),
    "--shape of nothing": (("bench", "--shape", "0x5x5:1x3x3"), "all sizes and the stride are at least 1"),
    "--seconds nan": (("bench", "--seconds", "nan"), "--seconds"),
    "--seconds inf": (("bench", "--seconds", "inf"), "--seconds"),
    "run not found": (("runs", "show", "lenett"), 'no run "lenett" in results'),
    "run to resume not found": (("train", "--resume", "latest"), 'no run "latest" in results/train'),
    "run to verify not found": (("verify", "latest"), 'no run "latest" in results'),
    "--resume with a spec": (("train", "s.yaml", "--resume", "latest"), "leave SPEC, -s, --seed and --name out"),
    **{
        f"--name {name[:10]!r}": (("train", "s.yaml", "--name", name), "cannot name a run: use letters, digits")
        for name in ("../up", "/tmp/x", "-rf", "a/b", "=1", "a b", "", ".", "[/x]", "a\n", "\x1b[31m", "x" * 65, "é")
    },
    "no such spec to copy": (("cp", "lenett"), 'no spec "lenett" ships with dlab. Did you mean "lenet"?'),
    "unknown data set": (("data", "fetch", "mnits"), "'mnits' is not one of"),
    "unknown schema": (("schema", "trian"), "'trian' is not one of"),
    "a spec of demonstrations": (
        ("train", "gabor"),
        "this is a spec of demonstrations, not of training: dlab filter-demo gabor",
    ),
    "a spec of training": (
        ("filter-demo", "s.yaml"),
        "this is a spec of training, not of demonstrations: dlab train s.yaml",
    ),
    "a lone dash": (("train", "-"), "-: there is no such file"),
    "a name with a newline": (("train", "a\nb"), "a\\nb: there is no such file"),
    "a name that is not UTF-8": (("train", "a\udcff"), "a\\udcff: there is no such file"),
    "a name with markup": (("train", "[bold]x[/y]"), "[bold]x[/y]: there is no such file"),
    "a name of 5,000 letters": (("train", "x" * 5000), "there is no such file"),
}
OTHER_CODES = {
    "results below a file": (("train", "s.yaml", "-o", "s.yaml"), 5, "cannot write s.yaml/train: Not a directory"),
    "results below a device": (("train", "s.yaml", "-o", "/dev/null"), 5, "cannot write /dev/null/train"),
    "a results name of 300 letters": (("train", "s.yaml", "-o", "x" * 300), 5, "File name too long"),
    "a copy over a file": (("cp", "lenet", "s.yaml"), 5, "cannot write s.yaml: File exists"),
    "--shape of 10^12 pixels": (("bench", "--shape", "1x1000000x1000000:1x3x3"), 5, "GB of memory, and"),
    "--batch 10^20": (("bench", "--shape", "1x5x5:1x3x3", "--batch", str(10**20)), 5, "GB of memory, and"),
    "no GPU": (("train", "s.yaml", "--device", "cuda"), 5, "cuda cannot be used"),
}


@pytest.fixture(autouse=True)
def _spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SPEC)


@pytest.mark.parametrize(("arguments", "said"), ROWS.values(), ids=ROWS)
def test_refused(refused, arguments, said):
    assert said in refused(2, *arguments)
    assert os.listdir() == ["s.yaml"], "nothing is made"


@pytest.mark.parametrize(("arguments", "code", "said"), OTHER_CODES.values(), ids=OTHER_CODES)
def test_refused_for_another_reason(refused, arguments, code, said):
    assert said in refused(code, *arguments)
    assert Path("s.yaml").read_text() == SPEC


HEAVY = ("numpy", "numba", "matplotlib", "pydantic", "yaml")
HELP = {"nothing": ((), 2), "--help": (("--help",), 0), "-h": (("-h",), 0), "--version": (("--version",), 0)}


@pytest.mark.parametrize(("arguments", "code"), HELP.values(), ids=HELP)
def test_help_imports_nothing_heavy(arguments, code):
    run = (
        f"import sys; sys.argv[1:] = {list(arguments)!r}\nfrom dlab.cli import main\n"
        "try: main()\nexcept SystemExit as end: code = end.code or 0\n"
        f"print('\\nloaded', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, env=os.environ)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (code, "loaded []")
    assert re.search(r"Usage:|version \d", done.stdout + done.stderr)


@pytest.mark.parametrize("folder", ["a b", "a\nb", "-rf", "[/x] [bold]", "\x1b[31m", "é", "a\udcff", "'", "=1+1"])
def test_odd_folders_work_and_are_printed_escaped(folder):
    result = CliRunner().invoke(dlab, ["train", "s.yaml", "--no-plots", f"--output-dir={folder}"], prog_name="dlab")
    assert result.exit_code == 0, result.output
    assert Path(folder, "train/s/results.csv").exists()
    for arguments in (["runs", "list"], ["runs", "show", "latest"], ["verify", "latest"]):
        again = CliRunner().invoke(dlab, [*arguments, f"--output-dir={folder}"], prog_name="dlab")
        assert again.exit_code == 0, again.output
        assert all(map(str.isprintable, again.output.replace("\n", "")))
    assert all(map(str.isprintable, result.output.replace("\n", "")))


def test_a_finished_run_that_is_resumed_stays_as_it_is():
    CliRunner().invoke(dlab, ["train", "s.yaml", "--no-plots"])
    before = {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()}
    result = CliRunner().invoke(dlab, ["train", "--resume", "s", "--no-plots"])
    assert (result.exit_code, "is already finished" in result.stderr) == (0, True)
    assert {path: path.read_bytes() for path in before} == before


def test_other_data_than_the_run_began_with(refused):
    Path("t.csv").write_text("a,label\n1,x\n2,y\n")
    Path("s.yaml").write_text(
        "data: {name: csv, path: t.csv, normalize: none}\nmodel: {preset: mlp, hidden: [2]}\ndevice: reference\n"
    )
    assert CliRunner().invoke(dlab, ["train", "s.yaml", "--no-plots", "--name", "run"]).exit_code == 0
    facts = Path("results/train/run/run.json")
    facts.write_text(facts.read_text().replace('"done"', '"interrupted"'))
    Path("t.csv").write_text("a,label\n1,x\n3,y\n")
    assemble._load.cache_clear()
    result = CliRunner().invoke(dlab, ["train", "--resume", "run", "--no-plots"], prog_name="dlab")
    assert (result.exit_code, "data: " in result.stderr and " in the checkpoint, " in result.stderr) == (4, True)
    assert "different: csv is not the data this run was trained on" in refused(3, "verify", "run")
