"""The lecture's comparison of optimizers, 5 with and without batch normalisation, 3 seeds, 1,000 iterations each.

DLAB_DATA=FOLDER python benchmarks/study.py    a few minutes

dlab runs its own command with two jobs.  PyTorch runs the same 30 trainings in one process of two threads, and in two
processes of one thread.  All times are from start to end, with imports and data; kernels are in dlab's cache.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter

import harness
from neighbours import alone, busy_cores, warning

PEER = Path(__file__).parent / "peers" / "torch_study.py"


def dlab(folder: str) -> list[list[str]]:
    """The commands of dlab's study in an empty folder: one."""
    settings = ("-s", "data.validation=null", "--no-plots", "-q", "-j", "2", "--threads", "1", "-o", folder)
    return [[sys.executable, "-m", "dlab", "compare-optimizers", "optimizers.yaml", *settings]]


def torch(processes: int) -> list[list[str]]:
    """The commands of PyTorch's study, side by side."""
    data = str(Path(os.environ["DLAB_DATA"]) / "mnist")
    threads = 2 // processes
    return [[sys.executable, str(PEER), data, str(threads), str(n), str(processes)] for n in range(processes)]


def seconds(commands: list[list[str]], threads: int) -> float:
    """Run commands side by side, from start to end."""
    begin = perf_counter()
    # As a user starts it: Python keeps what it has compiled.
    environment = harness.environment(threads) | {"PYTHONDONTWRITEBYTECODE": ""}
    quiet = {"stdout": subprocess.DEVNULL, "env": environment}
    running = [subprocess.Popen(command, **quiet) for command in commands]
    codes = [process.wait() for process in running]
    if any(codes):
        sys.exit(f"{commands[0]} ended with {codes}")
    return perf_counter() - begin


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--name", default="study", help="of the JSON file in benchmarks/results")
    chosen = parser.parse_args()
    found: dict[str, list[float]] = {"dlab": [], "torch, one process of two threads": [], "torch, two processes": []}
    loads = []
    with alone(), TemporaryDirectory() as folder:
        seconds(dlab(f"{folder}/warm"), 2)  # kernels into the cache
        for number in range(chosen.rounds):
            loads.append(busy_cores())
            found["dlab"].append(seconds(dlab(f"{folder}/{number}"), 2))
            found["torch, one process of two threads"].append(seconds(torch(1), 2))
            found["torch, two processes"].append(seconds(torch(2), 1))
    best = min(median(found[name]) for name in found if name != "dlab")
    faster = best / median(found["dlab"])
    for name, each in found.items():
        print(f"{name}: {median(each):.1f} s")
    print(f"dlab is faster than the best of PyTorch by {faster:.1f} x")
    print(warning(mean(loads)), end="")
    row = {"rounds": chosen.rounds, "seconds": found, "faster": faster, "other_cores": mean(loads)}
    print(harness.write(chosen.name, harness.facts() | row))


if __name__ == "__main__":
    main()
