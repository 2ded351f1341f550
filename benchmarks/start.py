"""Time to the first step of `dlab train lenet.yaml`, with an empty kernel cache and with a full one, and its memory.

DLAB_DATA=FOLDER python benchmarks/start.py    about a minute

The first step is reached by training for one iteration and evaluating 64 images, so a little more than it is measured.
"""

import argparse
import os
import subprocess
import sys
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter

import harness
from neighbours import alone, busy_cores, warning

SPEC = "lenet.yaml"
ONE_STEP = ("train.epochs=null", "train.iterations=1", "data.test_limit=64")
ONE_EPOCH = ("train.epochs=1",)
MEBI = 2**20


class FailedError(Exception):
    """The command did not end well; the text is what it said."""


def run(cache: str, folder: str, settings: tuple[str, ...], threads: int) -> dict:
    """One `dlab train` in an empty folder: seconds, the most memory it held, and cores others used before."""
    command = [sys.executable, "-m", "dlab", "train", SPEC, "--no-plots", "-q", "--threads", str(threads)]
    command += [word for setting in settings for word in ("-s", setting)]
    others = busy_cores()
    begin = perf_counter()
    with TemporaryDirectory(dir=folder) as empty:
        process = subprocess.Popen(
            command,
            cwd=empty,
            env={**os.environ, "DLAB_CACHE_DIR": cache, "PYTHONDONTWRITEBYTECODE": ""},  # as a user starts it
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stderr
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise FailedError(f"{' '.join(command)} ended with {process.returncode}: {said.strip()}")
    return {"other_cores": others, "seconds": seconds, "peak_mib": usage.ru_maxrss * _unit() / MEBI}


def _unit() -> int:
    """Bytes that ru_maxrss counts in."""
    return 1 if sys.platform == "darwin" else 1024


def measure(chosen: argparse.Namespace) -> dict:
    """Cold starts, each with a new cache; warm starts with the last of them; one epoch for the memory."""
    cold, warm = [], []
    with TemporaryDirectory() as folder:
        for number in range(chosen.cold):
            cache = os.path.join(folder, f"cache-{number}")
            cold.append(run(cache, folder, ONE_STEP, chosen.threads))
        for _ in range(chosen.warm):
            warm.append(run(cache, folder, ONE_STEP, chosen.threads))
        epoch = run(cache, folder, ONE_EPOCH, chosen.threads)
    return {"cold": cold, "warm": warm, "epoch": epoch}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", type=int, default=3, help="cold starts")
    parser.add_argument("--warm", type=int, default=5, help="warm starts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="start", help="of the JSON file in benchmarks/results")
    chosen = parser.parse_args()
    try:
        with alone():
            runs = measure(chosen)
    except FailedError as error:
        sys.exit(str(error))
    found = {
        "cold_seconds": median(each["seconds"] for each in runs["cold"]),
        "warm_seconds": median(each["seconds"] for each in runs["warm"]),
        "epoch_seconds": runs["epoch"]["seconds"],
        "peak_mib": runs["epoch"]["peak_mib"],
        "other_cores": mean(each["other_cores"] for each in (*runs["cold"], *runs["warm"], runs["epoch"])),
    }
    print(f"to the first step: cold {found['cold_seconds']:.2f} s, warm {found['warm_seconds']:.2f} s")
    print(f"one epoch of MNIST in {found['epoch_seconds']:.2f} s, most memory {found['peak_mib']:.0f} MiB")
    print(warning(found["other_cores"]), end="")
    settings = {"spec": SPEC, "threads": chosen.threads, "one_step": ONE_STEP, "one_epoch": ONE_EPOCH}
    print(harness.write(chosen.name, harness.facts() | settings | found | {"runs": runs}))


if __name__ == "__main__":
    main()
