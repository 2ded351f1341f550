"""Processes that start at the same moment: under one name and three umasks, and with no compiled kernel there yet.

python -m torture.starts [--rounds 20] [--cold 1] [--processes 64]

Each of them is a real `dlab train`.  All must come to the same bytes, in a folder of their own with the rights of their
umask; of a cache that all of them filled at once, every later start must find all kernels.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torture import frame

SPEC = """
data: {{name: digits, size: 8, train_limit: 64, test_limit: 32}}
model: {{preset: mlp, hidden: [8]}}
train: {{epochs: 2, batch_size: 32}}
device: {device}
"""
UMASKS = (0o022, 0o077, 0o002)
WEIGHTS = "weights/last.safetensors"


def start(root: Path, *options: str, umask: int = 0o022) -> subprocess.Popen[str]:
    """A `dlab train` in a folder, where its kernels are kept too."""
    command = [sys.executable, "-m", "dlab", "train", "spec.yaml", "--no-plots", *options]
    place = os.environ | {"DLAB_CACHE_DIR": str(root / "cache")}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=root, env=place, umask=umask, **pipes)


def attempt(device: str, processes: int) -> str:
    """So many starts at once, and then another."""
    with tempfile.TemporaryDirectory() as name:
        root, umasks = Path(name), [UMASKS[number % len(UMASKS)] for number in range(processes)]
        (root / "spec.yaml").write_text(SPEC.format(device=device))
        begun = [start(root, "-q", umask=umask) for umask in umasks]
        said = [process.communicate()[1] for process in begun]
        assert not any(process.returncode for process in begun), said
        after = start(root, umask=0)
        assert "compiling" not in after.communicate()[1]
        check(root, [*umasks, 0])
        return f"{device}: {processes} folders"


def check(root: Path, umasks: list[int]) -> None:
    """A finished run for every start, all alike, with the rights of its umask; nothing else is left."""
    runs = list((root / "results/train").iterdir())
    assert len({(run / "results.csv").read_bytes() + (run / WEIGHTS).read_bytes() for run in runs}) == 1
    modes = [(run / "results.csv").stat().st_mode & 0o777 for run in runs]
    assert sorted(modes) == sorted(0o666 & ~umask for umask in umasks)
    assert not list(root.rglob("*.tmp"))
    listed = subprocess.run([sys.executable, "-m", "dlab", "runs", "list", "--json"], cwd=root, capture_output=True)
    assert [run["status"] for run in json.loads(listed.stdout)["runs"]] == ["done"] * len(umasks)


def cases(rounds: int, cold: int, processes: int) -> Iterator[frame.Case]:
    """Rounds on the reference device, which compiles nothing, then some with an empty kernel cache."""
    for device, count in (("reference", rounds), ("cpu", cold)):
        for number in range(count):
            yield f"{device}, round {number}", partial(attempt, device, processes)


if __name__ == "__main__":
    chosen = vars(frame.arguments(__doc__, rounds=20, cold=1, processes=64))
    sys.exit(frame.run("starts", cases(**chosen), limit=3600.0, **chosen))
