"""Many short lives of the command line: `python -m tests.cli.moments FOLDER` prints what became of each, as JSON.

One process imports everything and forks before any thread starts; each child is then the real command line over a
network that computes nothing, and something happens to it at a chosen moment.
"""

import io
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import dlab.cli.jobs as jobs
import dlab.report.figure as figure
from dlab.cli import main
from dlab.results import durable
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation
from dlab.results.shelf import every
from tests.cli import fake_dlab
from tests.results.fakes import FakeTrainer, experiment

SIGNALS = {"INT": [2], "TERM": [15], "HUP": [1], "2xINT": [2, 2]}
TRAIN = ["train", "one", "-o", "results"]
STARTS = 64


def life(folder: Path, arguments: list[str], before: Callable[[], object] = lambda: None) -> int:
    """Fork a command line in a folder; the child's process."""
    if child := os.fork():
        return child
    try:
        os.chdir(folder)
        for number, name in enumerate(("stdout", "stderr"), start=1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        before()
        sys.argv = ["dlab", *arguments]
        main()
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(70)
    os._exit(71)


def lived(folder: Path, arguments: list[str], before: Callable[[], object] = lambda: None) -> dict[str, Any]:
    """Exit code and what was said."""
    child = life(folder, arguments, before)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = {name: (folder / name).read_text() for name in ("stdout", "stderr")}
    for name in said:
        (folder / name).unlink()
    return {"code": code, **said}


def once(call: Callable[..., Any], happens: Callable[..., object]) -> Callable[..., Any]:
    """The same call, but that something happens in the middle of the first one."""
    left = [happens]

    def with_it(*arguments: Any, **options: Any) -> Any:
        if left:
            left.pop()(*arguments)
        return call(*arguments, **options)

    return with_it


def at(moment: str, happens: Callable[..., object]) -> Callable[[], None]:
    """What makes it happen in a child, at this moment of its run."""

    def prepare() -> None:
        if moment == "import":
            jobs.load = once(jobs.load, happens)
        elif moment == "compile":
            jobs.build = once(jobs.build, happens)
        elif moment in ("train", "evaluate"):  # the batch before an evaluation, or any other
            step = 3 if moment == "train" else 4
            trainer = FakeTrainer(on_step=lambda trainer: happens() if trainer.step == step else None)
            jobs.build = lambda *_: experiment(trainer)
        elif moment == "save":
            write = durable.replace
            saved = once(write, happens)
            durable.replace = lambda path, *text: (saved if path.suffix == ".safetensors" else write)(path, *text)
        elif moment == "plot":
            figure.picture = once(figure.picture, happens)

    return prepare


def kill(numbers: list[int]) -> Callable[..., None]:
    def now(*_: object) -> None:
        for number in numbers:
            os.kill(os.getpid(), number)

    return now


def states(folder: Path) -> list[str]:
    return [run.glance()["status"] for run in every(folder / "results")]


def rows(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.glob("results/train/one/results.csv"))


def stopped(home: Path) -> dict[str, Any]:
    """Every signal at every moment: the code, the state that is shown, and the rows after going on."""
    found = {}
    for moment in ("import", "compile", "train", "evaluate", "save", "plot"):
        for name, numbers in SIGNALS.items():
            folder = home / f"{moment}-{name}"
            folder.mkdir()
            pictures = "--plots" if moment == "plot" else "--no-plots"
            end = lived(folder, [*TRAIN, pictures], at(moment, kill(numbers)))
            end |= {"states": states(folder), "files": sorted(map(str, folder.rglob("*.tmp")))}
            end["resumed"] = lived(folder, ["train", "--resume", "latest", "--no-plots"])["code"]
            found[f"{moment} {name}"] = end | {"after": states(folder), "rows": rows(folder)}
    return found


def together(home: Path) -> dict[str, Any]:
    """So many starts under one name at once, while somebody looks at the list."""
    for _ in range(STARTS):
        life(home, [*TRAIN, "-q", "--no-plots"])
    codes, seen, looks = [], set(), 0
    while len(codes) < STARTS:
        with suppress(ChildProcessError):
            while (done := os.waitpid(-1, os.WNOHANG))[0]:
                codes.append(os.waitstatus_to_exitcode(done[1]))
        seen |= set(states(home))
        looks += 1
    folders = [RunFolder(path) for path in (home / "results/train").iterdir()]
    steps = [[row.step for row in folder.evaluations.read()] for folder in folders]
    return {"codes": codes, "seen": sorted(seen), "looks": looks, "after": states(home), "steps": steps}


def drop_rights() -> None:
    """Be nobody, who may not write here."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setuid(65534)


def never(*_: object) -> None:
    raise AssertionError("too late")


def no_build() -> None:
    """All modules are there before the rights are gone, which may be needed to read them."""
    jobs.load = once(jobs.load, lambda *_: drop_rights())
    jobs.build = never


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def clock_back() -> None:
    """A wall clock that goes back an hour at every look."""
    now = iter(range(2_000_000_000, 0, -3600))
    time.time = lambda: float(next(now))


def remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def faults(home: Path) -> dict[str, Any]:
    """What else can happen to a run."""
    run = Path("results/train/one")
    lives = {
        "deleted": at("train", lambda *_: remove(run)),
        "moved": at("train", lambda *_: run.rename("elsewhere")),
        "results deleted": at("evaluate", lambda *_: remove(Path("results"))),
        "memory": at("train", lambda *_: (_ for _ in ()).throw(MemoryError)),
        "handles": few_files,
        "clock": clock_back,
    }
    found = {}
    for name, before in lives.items():
        folder = home / name
        folder.mkdir()
        end = lived(folder, [*TRAIN, "--no-plots"], before)
        found[name] = end | {"runs": sorted(str(path.relative_to(folder)) for path in folder.glob("results/*/*"))}
    closed = home / "closed"
    (closed / "results" / "train").mkdir(parents=True)
    closed.chmod(0o777)
    (closed / "results" / "train").chmod(0o555)
    return found | {"closed": lived(closed, TRAIN, no_build)}


if __name__ == "__main__":
    here = Path(sys.argv[1])
    here.chmod(0o777)
    jobs.load, jobs.build = fake_dlab.load, fake_dlab.build
    figure.picture([Evaluation(1, 1, 0.1, 1.0, None, None, None)], "")
    signal.alarm(120)
    told = {}
    with redirect_stdout(io.StringIO()):
        for part in (stopped, together, faults):
            (here / part.__name__).mkdir(mode=0o777)
            told[part.__name__] = part(here / part.__name__)
    print(json.dumps(told))
