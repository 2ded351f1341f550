"""The rules of SECURITY.md, one by one, as far as no other test holds dlab to them."""

import ast
import csv
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dlab
from dlab.cli.group import dlab as group
from dlab.data import files
from dlab.errors import EnvironmentFault
from dlab.results.folder import RunFolder
from dlab.results.shelf import NAME
from dlab.spec.compare import _label

ROOT = Path(dlab.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
SPEC = "data: xor\nmodel: {preset: mlp, hidden: [3]}\nloss: mse\ntrain: {iterations: 2}\ndevice: reference\n"

NEVER = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "runpy", "code", "tarfile"}
NETWORK = {"socket", "ssl", "urllib", "http", "requests", "ftplib", "smtplib", "asyncio", "xmlrpc"}
CALLS = {"eval", "exec", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}
# Where a rule does not hold: the kernel cache is code, and trusted; downloads are the network.
EXCEPT = {"pickle": "kernels/cache.py", "urllib": "data/files.py", "http": "data/files.py"}
EMULATOR = "kernels/gpu/rewriting.py"  # rewrites the package's own kernels


@cache
def syntax() -> list[tuple[str, ast.AST]]:
    """All imports and calls in the package, with their files."""
    trees = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
    kinds = ast.Import, ast.ImportFrom, ast.Call
    return [(path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, kinds)]


def nodes(kind: type) -> Iterator[tuple[str, ast.AST]]:
    """All syntax of one kind."""
    return ((path, node) for path, node in syntax() if isinstance(node, kind))


def imported() -> Iterator[tuple[str, str]]:
    """(file, top module) of every import."""
    for path, node in nodes(ast.Import):
        yield from ((path, name.name.split(".")[0]) for name in node.names)
    for path, node in nodes(ast.ImportFrom):
        yield path, (node.module or "").split(".")[0]


def test_nothing_that_runs_data_or_reaches_the_network_is_imported():
    odd = {(path, name) for path, name in imported() if name in NEVER | NETWORK and EXCEPT.get(name) != path}
    assert odd == set()
    assert ("data/files.py", "urllib") in set(imported()), "the search finds what there is"


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    for path, node in nodes(ast.Call):
        yield path, ast.unparse(node.func), node


def test_no_text_is_run():
    found = [(path, name) for path, name, _ in calls()]
    assert [pair for pair in found if pair[1] in CALLS and pair[0] != EMULATOR] == []
    assert any(name == "import_module" for _, name in found), "the search finds what there is"


def test_arrays_are_read_without_pickles_and_processes_without_a_shell():
    for path, name, node in calls():
        options = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if name in ("np.load", "numpy.load", "npy.read_array"):
            assert options.get("allow_pickle") == "False", path
        if name.startswith("subprocess."):
            assert "shell" not in options, path


def test_modules_are_imported_by_names_that_stand_in_the_package():
    """The names come from file names of the package, or from tables in it: never from a spec."""
    found = {(path, ast.unparse(node.args[0])) for path, name, node in calls() if name == "import_module"}
    assert found == {
        ("registry.py", "self.package"),
        ("registry.py", "f'{self.package}.{module.name}'"),
        ("cli/group.py", """f"{COMMANDS}.{cmd_name.replace('-', '_')}\""""),  # one of its own files
        ("kernels/backends.py", "f'dlab.kernels.{operation}.{self.name}'"),
        ("report/shows.py", "f'dlab.report.demonstrations.{name}'"),  # one of the registered demonstrations
    }


PLANTED = "raise SystemExit('planted code ran')"


@pytest.mark.parametrize("command", [["-m", "dlab"], ["-P", "-c", "from dlab.cli import main; main()"]])
def test_nothing_is_picked_up_from_the_current_folder(tmp_path, command):
    for name in ("numpy", "yaml", "click", "numba", "pydantic", "rich", "matplotlib", "sitecustomize", "conftest"):
        (tmp_path / f"{name}.py").write_text(PLANTED)
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\ncache_dir: planted\nnum_threads: 1\n")
    (tmp_path / "matplotlibrc").write_text("figure.facecolor: red\nlines.linewidth: 40\naxes.facecolor: red\n")
    (tmp_path / "s.yaml").write_text(SPEC.replace("reference", "cpu"))
    run = [sys.executable, *command, "train", "s.yaml", "--threads", "1"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "planted" not in done.stdout + done.stderr
    assert not (tmp_path / "planted").exists()
    from PIL import Image

    assert Image.open(tmp_path / "results/train/s/results.png").convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def train(*arguments: str) -> None:
    result = CliRunner().invoke(group, ["train", *arguments], prog_name="dlab")
    assert result.exit_code == 0, result.output


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home folder with a spec, in which we are; secrets lie in the environment."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("API_TOKEN", "hunter2-token")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SPEC)
    return tmp_path


def test_results_hold_no_secrets_and_no_home(home, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["dlab", "train", f"{home}/s.yaml", "-o", f"{home}/out"])
    train(f"{home}/s.yaml", "-o", f"{home}/out")
    kept = [path for path in (home / "out").rglob("*") if path.is_file()]
    assert len(kept) >= 8
    for path in kept:
        for secret in (str(home), "hunter2-token"):
            assert secret.encode() not in path.read_bytes(), path
    assert '"command": "dlab train ~/s.yaml -o ~/out"' in (home / "out/train/s/run.json").read_text()


def test_training_does_not_touch_the_network(home, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the network was used")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    train("s.yaml", "--no-plots")


def test_everything_is_written_below_the_results_folder(home):
    before = {path for path in home.rglob("*")}
    train("s.yaml", "-o", "out")
    assert {path.parts[len(home.parts)] for path in set(home.rglob("*")) - before} <= {"out", ".cache", ".config"}


@pytest.mark.parametrize("link", ["log.txt", "results.csv", "run.json", "weights", "weights/last.safetensors"])
def test_a_run_folder_with_links_is_not_written_to(home, link):
    train("s.yaml", "--no-plots")
    folder = RunFolder(home / "results/train/s")
    folder.describe(status="interrupted")
    victim = (folder.path / link).rename(home / "victim")
    (folder.path / link).symlink_to(victim)
    before = {path: path.read_bytes() for path in [victim, *victim.rglob("*")] if path.is_file()}
    result = CliRunner().invoke(group, ["train", "--resume", "s", "--no-plots"], prog_name="dlab")
    assert (result.exit_code, f"{link} is a link" in result.stderr) == (5, True), result.output
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(EnvironmentFault, match="is a link"), folder.hold():
        pass


def test_a_planted_link_in_the_place_of_a_new_file_is_not_followed(home):
    (home / "victim").write_text("mine")
    (home / "lenet.yaml").symlink_to(home / "victim")
    result = CliRunner().invoke(group, ["cp", "lenet"], prog_name="dlab")
    assert result.exit_code == 5
    (home / "results/train").mkdir(parents=True)
    (home / "results/train/s").symlink_to(home / "elsewhere")
    train("s.yaml", "--no-plots")
    assert (home / "results/train/s-2/run.json").exists()
    assert not (home / "elsewhere").exists()
    assert (home / "victim").read_text() == "mine"


def test_a_download_that_is_sent_on_to_http_is_refused(tmp_path, monkeypatch):
    class Answer:
        url, status = "http://elsewhere/x", 200

        def __enter__(self):
            return self

        def __exit__(self, *fault):
            pass

    monkeypatch.setattr(files, "urlopen", lambda request, timeout: Answer())
    with pytest.raises(ValueError, match="sent on to http://elsewhere/x: only https"):
        files._download("https://here/x", tmp_path / "x.part", 10, print, insecure=False)
    assert not (tmp_path / "x.part").exists()


@pytest.mark.parametrize(
    "value", ["=1+1", "@x", "-x", "+x", "--", "@", "_a", ".", "", "\x1b[31m", "../x", [1, 2], -0.5, None]
)
def test_labels_of_variants_are_safe_names(value):
    assert NAME.fullmatch(_label("data.path", value))


def test_cells_of_tables_begin_with_nothing_that_a_spreadsheet_runs():
    tables = sorted((ROOT.parents[1] / "results" / "reference").rglob("*.csv"))
    assert len(tables) > 3
    for path in tables:
        with path.open(newline="") as file:
            cells = {cell for row in csv.reader(file) for cell in row if cell[:1] in ("=", "+", "-", "@")}
        assert [cell for cell in cells if not re.fullmatch(r"-[0-9.e+-]+|-inf", cell)] == [], path


def test_dependencies_are_few_and_all_of_them_are_named():
    project = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", word)[0].replace("-", "_") for word in project["dependencies"]}
    assert len(names) <= 14
    modules = {"pyyaml": "yaml", "scikit_learn": "sklearn"}
    known = {modules.get(name, name) for name in names} | {
        "dlab",
        "PIL",
        "llvmlite",
        "cuda",
    }  # of matplotlib, of numba and of the extra
    extras = {"torch", "cupy", "numba_cuda"}
    assert {name for _, name in imported() if name} - set(sys.stdlib_module_names) - extras <= known


def test_every_dependency_is_locked_with_hashes():
    root = ROOT.parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    text = re.sub(r"(?m)^ *#.*\n?", "", (root / "requirements.lock").read_text())
    locked = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        pinned, *hashes = [line.rstrip(" \\").strip() for line in block.splitlines()]
        requirement = Requirement(pinned)
        assert hashes
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), pinned
        locked[canonicalize_name(requirement.name)] = re.fullmatch(r"==([^,]+)", str(requirement.specifier))[1]
    for wanted in map(Requirement, project["dependencies"] + project["optional-dependencies"]["dev"]):
        assert locked[canonicalize_name(wanted.name)] in wanted.specifier, wanted
    assert "--require-hashes --requirement requirements.lock" in (root / "Makefile").read_text()
