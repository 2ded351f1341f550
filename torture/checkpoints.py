"""Checkpoints, manifests and tables that are damaged at random: what is restored is right, or nothing is.

python -m torture.checkpoints [--cases 20000] [--seed 0]

A run that was stopped has two checkpoints.  Each case damages one to three of its files, some with a checksum made
anew, as somebody would who means harm; then the run is gone on with.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from tests.results.fakes import FakeTrainer, experiment
from tests.results.faults import MEMORY, ignore

from dlab.errors import CheckpointError, EnvironmentFault
from dlab.results import checkpoint, saver, session
from dlab.results.checkpoints import Checkpoints
from dlab.results.folder import RunFolder
from dlab.results.manifest import Part, seal
from dlab.results.settings import differences
from dlab.results.shelf import create
from torture import frame

STEPS = (4, 6)  # of the two checkpoints; the best weights are those of step 4
OTHERS = (
    *(b"", b"\x80\x04\x95\x10.", b"PK\x03\x04" * 50, b"<html>", b"{}", b"null", b"\xff" * 64),
    *(bytes(4096), b"[" * 100_000, b'{"a":' * 100_000),
)
VALUES = (
    *(None, True, -1, 0, 3, 1 << 80, 1e308, float("nan"), "", "../../etc/passwd", "/etc/passwd"),
    *([], {}, [[]], {"a": 1}),
)
Files = dict[str, bytes]


class Trainer(FakeTrainer):
    """Eight steps, the fourth of which is the best."""

    best = 4


@lru_cache
def template() -> tuple[Files, dict[int, Files]]:
    """The files of the stopped run, and its tables as they were at each checkpoint."""
    before, saver.SHARE = saver.SHARE, 1e9
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = create(Path(name), "train", "one", "name: one\n")
        tables = {}

        def stop(trainer: FakeTrainer) -> None:
            if trainer.step - 1 in STEPS:
                tables[trainer.step - 1] = {
                    table: path.path.read_bytes() for table, path in folder.kept_tables().items()
                }
            if trainer.step > STEPS[-1]:
                raise KeyboardInterrupt

        try:
            session.run(experiment(Trainer(watched=True, on_step=stop)), folder, ignore)
        except KeyboardInterrupt:
            saver.SHARE = before
        paths = [path for path in folder.path.rglob("*") if path.is_file()]
        return {str(path.relative_to(folder.path)): path.read_bytes() for path in paths}, tables


def state_at(step: int) -> checkpoint.State:
    """The state that the run had."""
    trainer = FakeTrainer()
    trainer.step = step
    return trainer.state()


def laid_out(folder: Path) -> None:
    """The stopped run in a folder; `last` is a second name, as it was."""
    for name, content in template()[0].items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "weights/last.safetensors").unlink()
    os.link(folder / f"checkpoints/step-{STEPS[-1]}.safetensors", folder / "weights/last.safetensors")


def restored(folder: Path) -> str:
    """Which checkpoint is gone on with; an error if it is not what was saved."""
    taken: list[checkpoint.State] = []

    def take(state: checkpoint.State) -> None:
        if odd := differences(checkpoint.forms(state), checkpoint.forms(state_at(0))):
            raise CheckpointError("; ".join(odd))
        taken.append(state)

    run = RunFolder(folder)
    try:
        step, best = Checkpoints(run, session.identity(experiment()), ignore).restore(take)
    except (CheckpointError, EnvironmentFault):  # such as a folder in the place of a file
        return "refused"
    if not step:
        return "from the start"
    assert _same(taken[0], state_at(step)), "a wrong state"
    assert best, "no best weights"
    assert _same(best, {k: v for k, v in state_at(4).items() if not k.startswith("optimizer")}), "wrong weights"
    assert _same(checkpoint.load(run.best), best), "another best"
    for name, content in template()[1][step].items():
        assert (folder / name).read_bytes() == content, f"{name} is not as it was"
    return {STEPS[0]: "the one before", STEPS[1]: "the newest"}[step]


def _same(a: checkpoint.State, b: checkpoint.State) -> bool:
    return checkpoint.forms(a) == checkpoint.forms(b) and all(np.array_equal(a[name], b[name]) for name in a)


def flip(random: Random, path: Path) -> None:
    content = bytearray(path.read_bytes() or b"\0")
    for _ in range(random.choice((1, 1, 1, 8))):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def cut(random: Random, path: Path) -> None:
    path.write_bytes(path.read_bytes()[: random.randrange(path.stat().st_size + 1)])


def grow(random: Random, path: Path) -> None:
    path.write_bytes(path.read_bytes() + random.randbytes(random.choice((1, 8, 5000))))


def blank(random: Random, path: Path) -> None:
    content = bytearray(path.read_bytes())
    begin = random.randrange(len(content) + 1)
    content[begin : begin + 512] = bytes(len(content[begin : begin + 512]))
    path.write_bytes(content)


def other(random: Random, path: Path) -> None:
    path.write_bytes(random.choice(OTHERS))


def gone(random: Random, path: Path) -> None:
    path.unlink()


def swapped(random: Random, path: Path) -> None:
    """Another file of the run under this name."""
    path.write_bytes(random.choice(list(template()[0].values())))


def no_file(random: Random, path: Path) -> None:
    path.unlink()
    make: Callable[..., Any] = random.choice((os.mkfifo, os.mkdir, lambda name: os.symlink("/dev/null", name)))
    make(path)


def lied(random: Random, path: Path) -> None:
    """A manifest with another value somewhere, and a checksum that says so."""
    path = path.parents[1] / f"checkpoints/step-{random.choice(STEPS)}.json"
    body = json.loads(_regular(path).read_text())
    place, key = body, random.choice(list(body))
    while isinstance(place[key], dict) and place[key] and random.random() < 0.8:
        place = place[key]
        key = random.choice(list(place))
    if random.random() < 0.2:
        del place[key]
    else:
        place[key] = random.choice(VALUES)
    body["sha256"] = seal({name: value for name, value in body.items() if name != "sha256"})
    path.write_text(json.dumps(body))


def forged(random: Random, path: Path) -> None:
    """A damaged header that the manifest vouches for."""
    step = random.choice(STEPS)
    path, manifest = (path.parents[1] / f"checkpoints/step-{step}.{kind}" for kind in ("safetensors", "json"))
    content = bytearray(_regular(path).read_bytes())
    size = int.from_bytes(content[:8], "little")
    for _ in range(random.choice((1, 2))):
        content[random.randrange(min(8 + size, len(content)))] = random.choice(b'0123456789"[]{},:FI\x00\xff ')
    path.write_bytes(content)
    body = json.loads(_regular(manifest).read_text())
    body["state"] = vars(Part.of(path, len(content)))
    body["sha256"] = seal({name: value for name, value in body.items() if name != "sha256"})
    manifest.write_text(json.dumps(body))


def _regular(path: Path) -> Path:
    """The path, unless another damage has put something there that cannot be read."""
    if not path.is_file():
        raise FileNotFoundError(path)
    return path


DAMAGES = (flip, flip, flip, cut, cut, grow, blank, other, gone, swapped, no_file, lied, forged)


def attempt(seed: int, number: int) -> str:
    """One case."""
    random = Random(f"{seed} {number}")
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        laid_out(Path(name))
        targets = [
            file for file in template()[0] if file.endswith((".json", ".safetensors", ".csv")) and file != "run.json"
        ]
        for target in random.sample(targets, random.choice((1, 1, 2, 3))):
            try:
                random.choice(DAMAGES)(random, Path(name) / target)
            except (FileNotFoundError, ValueError, RecursionError):  # another one was there before
                pass
        return restored(Path(name))


def cases(cases: int, seed: int) -> Iterator[frame.Case]:
    """So many cases, each known by its seed and number."""
    for number in range(cases):
        yield f"seed {seed}, case {number}", partial(attempt, seed, number)


if __name__ == "__main__":
    chosen = vars(frame.arguments(__doc__, cases=20_000, seed=0))
    sys.exit(frame.run("checkpoints", cases(**chosen), limit=5.0, **chosen))
