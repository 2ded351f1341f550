"""What it costs to train from disk: a mapped file, and images that are decoded ahead, beside the same set in memory.

DLAB_DATA=FOLDER python benchmarks/streaming.py [--rounds 7] [--seconds 1]    about three minutes

All take turns in one process.  Before a slice counts, it runs for a while, so that what was read ahead is used up.
Beside the time of a step stands the processor time that the training process spent on it, which neighbours alter less.
"""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np
from PIL import Image

import harness
from dlab import kernels
from dlab.assemble import build
from dlab.data import idx
from dlab.data.files import PARTS
from dlab.spec import load
from neighbours import alone, busy_cores, warning
from peers import samples

FILES = 4000
ROWS = (("lenet", 64, "idx"), ("lenet", 64, "images"), ("deep_convnet", 100, "images"))
HOW = {"idx": ("in memory", "mapped"), "images": ("in memory", "decoded ahead", "decoded when needed")}
SPEC = """
data: {{name: {kind}, path: {path}, stream: {stream}{workers}}}
model: {{preset: {network}, init: he}}
optimizer: {{name: momentum, lr: 0.01}}
train: {{epochs: 1000000, batch_size: {batch}}}
"""


class Runner:
    """A training that is run for a slice of time now and then."""

    def __init__(self, step: Callable[[], object], threads: Callable[[], int]):
        self._step, self._threads = step, threads

    def run(self, seconds: float) -> dict:
        """Steps, and the seconds they took."""
        kernels.set_threads(self._threads())
        self._until(seconds / 2)
        begin, worked = perf_counter(), process_time()
        steps = self._until(seconds)
        return {"seconds": perf_counter() - begin, "steps": steps, "cpu": process_time() - worked, "idle_cpu": 0.0}

    def _until(self, seconds: float) -> int:
        end, steps = perf_counter() + seconds, 0
        while perf_counter() < end:
            self._step()
            steps += 1
        return steps


def runner(row: tuple[str, int, str], how: str, folder: Path, chosen: argparse.Namespace, stack: ExitStack) -> Runner:
    """The trainer of a row that has its samples in this way."""
    network, batch, kind = row
    stream = "never" if how == "in memory" else "always"
    workers = f", workers: {chosen.workers}" if kind == "images" else ""
    file = folder / "spec.yaml"
    words = {"kind": kind, "path": folder / kind, "stream": stream, "workers": workers}
    file.write_text(SPEC.format(**words, network=network, batch=batch))
    trainer = build(load(str(file)), "cpu", chosen.threads).trainer
    if how == "decoded ahead":
        stack.enter_context(trainer.data.train.ahead(map(trainer.batches.rows, count())))
    return Runner(trainer.train_step, lambda: trainer.threads.now)


def prepare(folder: Path) -> None:
    """MNIST's training images as plain IDX files, and some of them as PNG files."""
    found = samples.load(28)
    (folder / "idx").mkdir()
    images, labels = found.images[:, 0], found.labels.astype(np.uint8)
    for part, array in zip(PARTS, (images, labels, images[:100], labels[:100]), strict=True):
        idx.write(folder / "idx" / part.removesuffix(".gz"), array)
    for number in range(FILES):
        place = folder / "images" / str(labels[number])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[number]).save(place / f"{number:05}.png")


def measure(row: tuple[str, int, str], folder: Path, chosen: argparse.Namespace) -> dict:
    """Interleaved slices of one row."""
    figures: dict[str, list[dict]] = {}
    loads = []
    with ExitStack() as stack:
        runners = {how: runner(row, how, folder, chosen, stack) for how in HOW[row[2]]}
        for each in runners.values():
            each.run(chosen.seconds)
        for number in range(chosen.rounds):
            names = list(runners)
            start = number % len(names)
            for how in names[start:] + names[:start]:
                loads.append(busy_cores())
                figures.setdefault(how, []).append(runners[how].run(chosen.seconds))
    found = {"network": row[0], "batch": row[1], "files": row[2], "other_cores": mean(loads)}
    cpu = {how: {"cpu_ms": median(1e3 * each["cpu"] / each["steps"] for each in figures[how])} for how in figures}
    return found | {"contenders": {how: each | cpu[how] for how, each in harness.summary(figures).items()}}


def show(row: dict) -> None:
    """Print a line for each way."""
    print(
        f"{row['network']} batch {row['batch']}, {row['files']}: ms per step, times the set in memory, ms of processor"
    )
    base = row["contenders"]["in memory"]["ms"]
    for how, each in row["contenders"].items():
        print(f"  {how:24}{each['ms']:9.3f} {each['ms'] / base:8.2f} x {each['cpu_ms']:9.3f}")
    print(warning(row["other_cores"]), end="")


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each slice")
    parser.add_argument("--threads", type=int, default=1, help="that train; the other cores are for the workers")
    parser.add_argument("--workers", type=int, default=1, help="that decode")
    parser.add_argument("--name", default="streaming", help="of the JSON file in benchmarks/results")
    chosen = parser.parse_args()
    rows = []
    with alone(), TemporaryDirectory() as name:
        prepare(Path(name))
        for row in ROWS:
            rows.append(measure(row, Path(name), chosen))
            show(rows[-1])
    settings = {"threads": chosen.threads, "workers": chosen.workers, "rounds": chosen.rounds, "rows": rows}
    print(harness.write(chosen.name, harness.facts() | settings | {"seconds": chosen.seconds}))


if __name__ == "__main__":
    main()
