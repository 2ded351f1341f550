"""What checkpoints cost: LeNet on MNIST with them, as `dlab train` writes them, and without.

DLAB_DATA=FOLDER python benchmarks/checkpointing.py [--rounds 30]    about two minutes

Both trainings take turns in one process, an epoch each: training, evaluation, rows, and for one of them checkpoints.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import harness
from dlab import kernels
from dlab.assemble import build
from dlab.results import session
from dlab.results.checkpoints import Checkpoints
from dlab.results.records import Evaluation, Timing
from dlab.results.saver import Saver
from dlab.results.shelf import create
from dlab.spec import load
from neighbours import alone, busy_cores, warning

SPEC = """
data: mnist
model: {preset: lenet, init: he}
optimizer: {name: momentum, lr: 0.01}
train: {epochs: 1000, batch_size: 64}
"""
HERE = Path(__file__).parent  # checkpoints go to the disk that results would go to


class Runner:
    """A training that goes on for an epoch now and then."""

    def __init__(self, root: Path, saves: bool):
        root.mkdir()
        (root / "spec.yaml").write_text(SPEC)
        spec = load(str(root / "spec.yaml"))
        self.experiment = build(spec, "cpu")
        self.folder = create(root, "train", "lenet", spec.to_yaml())
        kept = Checkpoints(self.folder, session.identity(self.experiment), print)
        self.saver = Saver(kept) if saves else None
        self._rows: list[Evaluation] = []
        self._epochs = self._run()
        self._left = perf_counter()

    def run(self) -> dict:
        """One epoch, and the seconds it took."""
        kernels.set_threads(self.experiment.trainer.threads.now)
        begin, worked = perf_counter(), process_time()
        if self.saver:
            self.saver._begun += begin - self._left  # the other's turn is no time of this run
        next(self._epochs)
        self._left = perf_counter()
        return {"seconds": self._left - begin, "steps": 1, "cpu": process_time() - worked, "idle_cpu": 0.0}

    def _run(self) -> Iterator[None]:
        """What a run does with the records of its trainer."""
        trainer = self.experiment.trainer
        for record in trainer.run():
            if isinstance(record, Evaluation):
                self._rows.append(record)
                self.folder.evaluations.append(record)
            elif isinstance(record, Timing):
                self.folder.timings.append(record)
                if self.saver:
                    self.saver.note(trainer.state(), self._rows)
                yield


def measure(rounds: int, root: Path) -> dict:
    """Interleaved epochs."""
    runners = {"without": Runner(root / "without", False), "with checkpoints": Runner(root / "with", True)}
    figures: dict[str, list[dict]] = {name: [] for name in runners}
    loads = []
    runners["without"].run()  # compiles, and finds its threads
    for number in range(rounds):
        names = list(runners)
        for name in names[number % 2 :] + names[: number % 2]:
            loads.append(busy_cores())
            figures[name].append(runners[name].run())
    spent, total = (
        runners["with checkpoints"].saver._spent,
        sum(each["seconds"] for each in figures["with checkpoints"]),
    )
    pairs = zip(*(figures[name] for name in runners), strict=True)
    ratio = median(saved["seconds"] / plain["seconds"] for plain, saved in pairs)  # what drifts is the same in a pair
    saving = {"saving_seconds": spent, "share": spent / total, "ratio": ratio}
    cpu = {name: {"cpu_ms": median(1e3 * each["cpu"] for each in figures[name])} for name in figures}
    contenders = {name: each | cpu[name] for name, each in harness.summary(figures).items()}
    return {"network": "lenet", "batch": 64, "other_cores": mean(loads), "contenders": contenders, **saving}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="epochs of each")
    parser.add_argument("--name", default="checkpointing", help="of the JSON file in benchmarks/results")
    chosen = parser.parse_args()
    with alone(), TemporaryDirectory(dir=HERE) as name:
        found = measure(chosen.rounds, Path(name))
    print("LeNet on MNIST, batch 64: ms per epoch, ms of processor")
    for how, each in found["contenders"].items():
        print(f"  {how:24}{each['ms']:9.1f} {each['cpu_ms']:9.1f}")
    print(f"  of two epochs side by side the one with checkpoints takes {found['ratio']:.3f} times as long")
    print(f"  {found['saving_seconds']:.3f} s went into saving, {found['share']:.2%} of the time")
    print(warning(found["other_cores"]), end="")
    print(harness.write(chosen.name, harness.facts() | {"rounds": chosen.rounds, "rows": [found]}))


if __name__ == "__main__":
    main()
