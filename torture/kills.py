"""Real runs and studies that are killed at any moment, again and again: in the end the bytes of the unbroken one.

python -m torture.kills [--cases 1000] [--studies 50] [--seed 0]

A network of compiled kernels with dropout, Adam, a schedule and early stopping, started as `dlab train`; SIGKILL comes
one to three times, also while the run is gone on with, each time after any part of the time that the unbroken run
takes.  Each start has another number of threads.  A study of four cells is killed in the same way; its worker
processes are left to themselves.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from dlab.machine import cores
from dlab.results.shelf import every
from torture import frame

SPEC = """
data: {{name: digits, train_limit: {samples}, test_limit: 200}}
model:
  layers: [{{type: dense, units: 32}}, relu, {{type: dropout, ratio: 0.2}}, {{type: dense, units: 10}}]
  init: he
optimizer: {{name: adam, lr: 0.02}}
schedule: {{name: cosine, warmup: 10}}
train: {{epochs: {epochs}, batch_size: 32, eval_every: 10, early_stop: {{patience: 8}}, watch: [weights]}}
device: {device}
"""
COMPARE = """
compare:
  variants: {{plain: {{}}, slow: {{optimizer.lr: 0.001}}}}
  seeds: 2
"""
TABLES = ("results.csv", "layers.csv", "histograms.csv", "summary.csv")
WEIGHTS = ("best.safetensors", "last.safetensors")


class Job(NamedTuple):
    """A command, the text of its spec, and how many threads it may be given."""

    command: str
    spec: str
    threads: int

    def start(self, root: Path, threads: int) -> subprocess.Popen[bytes]:
        """Begin, or go on with what there is."""
        begun = list(every(root / "results"))
        what = ["--resume", "latest"] if begun else [str(root / "spec.yaml")]
        jobs = [] if self.command == "train" else ["-j", "2", "--threads", "1"]
        options = ["-o", str(root / "results"), "--no-plots", "-q", *(jobs or ["--threads", str(threads)])]
        command = [sys.executable, "-m", "dlab", self.command, *what, *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ)

    def finish(self, root: Path, threads: int) -> dict[str, bytes]:
        """Let it come to its end: the bytes of all results."""
        process = self.start(root, threads)
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()
        (run,) = every(root / "results")  # what was killed before it had its spec is none
        folder = run.path
        assert run.status() == "done"
        assert not list(folder.rglob("*.tmp"))
        files = [path for name in (*TABLES, *WEIGHTS) for path in folder.rglob(name)]
        assert len(files) >= 4
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def jobs(device: str = "cpu", samples: int = 1000, epochs: int = 60) -> tuple[Job, Job]:
    """A run, and a study of four of them."""
    spec = SPEC.format(device=device, samples=samples, epochs=epochs)
    return Job("train", spec, min(4, cores())), Job("compare-init", spec + COMPARE.format(), 1)


def unbroken(job: Job) -> tuple[dict[str, bytes], float]:
    """The bytes it comes to, and the seconds it takes."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "spec.yaml").write_text(job.spec)
        begun = time.monotonic()
        return job.finish(Path(name), 1), time.monotonic() - begun


def attempt(job: Job, whole: dict[str, bytes], seconds: float, seed: int, number: int) -> str:
    """One case: how many of its kills came before the end."""
    random, landed = Random(f"{seed} {number}"), 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "spec.yaml").write_text(job.spec)
        for _ in range(random.randint(1, 3)):
            process = job.start(root, random.randint(1, job.threads))
            try:
                process.wait(random.uniform(0, seconds))
            except subprocess.TimeoutExpired:
                process.kill()
                landed += 1
            process.communicate()
            told = {run.status() for run in every(root / "results")}
            assert told <= {"interrupted", "done", *(["running"] if job.command != "train" else [])}  # by its workers
        found = job.finish(root, random.randint(1, job.threads))
    assert found.keys() == whole.keys()
    assert found == whole, [file for file in whole if found[file] != whole[file]]
    return f"{job.command}, killed {landed} times"


def cases(job: Job, count: int, seed: int) -> Iterator[frame.Case]:
    """So many cases of a job."""
    whole, seconds = unbroken(job)
    for number in range(count):
        yield f"{job.command}, seed {seed}, case {number}", partial(attempt, job, whole, seconds, seed, number)


if __name__ == "__main__":
    chosen = vars(frame.arguments(__doc__, cases=1000, studies=50, seed=0))
    unbroken(jobs()[0])  # compiles
    counts = zip(jobs(), (chosen["cases"], chosen["studies"]), strict=True)
    planned = (case for job, count in counts for case in cases(job, count, chosen["seed"]))
    sys.exit(frame.run("kills", planned, limit=600.0, **chosen))
