"""Time of an optimizer's step on 10 million parameters: dlab, PyTorch and the memory itself, interleaved in one run.

python benchmarks/optimizers.py                            all eleven, about eight minutes
python benchmarks/optimizers.py --names adam --rounds 3    a quick look
"""

import argparse
from statistics import mean

import harness
from dlab.registry import OPTIMIZERS
from harness import Contender
from neighbours import alone, warning

CONTENDERS = (
    ("dlab", "dlab_update", "cpu"),
    ("copy", "memory", "copy"),
    ("bare pass", "memory", "bare"),
    ("torch fused", "torch_update", "fused"),
    ("torch foreach", "torch_update", "foreach"),
    ("torch plain", "torch_update", "plain"),
)
FLOAT = 4  # bytes
COPY = 2 * FLOAT  # of a number: read it, write it


def options() -> argparse.Namespace:
    """The command line."""
    names = OPTIMIZERS.names()
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--names", type=lambda text: text.split(","), default=names, help=f"of {','.join(names)}")
    made.add_argument("--size", type=int, default=10_000_000, help="parameters")
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--seconds", type=float, default=0.3, help="of each slice")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--name", default="optimizers", help="of the JSON file in benchmarks/results")
    return made.parse_args()


def traffic(name: str) -> int:
    """Bytes a step moves for a parameter: w and each state are read and written, g is read."""
    return FLOAT * (3 + 2 * OPTIMIZERS[name].states)


def measure(running: list[Contender], name: str, chosen: argparse.Namespace) -> dict:
    """One row: everyone's time, and what follows from the times of the same rounds."""
    ready, skipped = harness.prepare(running, f"update {name} {chosen.size}")
    figures: dict[str, list[dict]] = {}
    loads: list[float] = []
    for number in range(chosen.rounds):
        loads += harness.play(ready, chosen.seconds, number, figures)
    found = harness.summary(figures)
    for each, values in found.items():
        values["gigabytes_per_second"] = (COPY if each == "copy" else traffic(name)) * chosen.size / values["ms"] / 1e6
    row = {"optimizer": name, "bytes": traffic(name), "other_cores": mean(loads or [0.0])}
    return row | {"contenders": found, "skipped": skipped} | ratios(found)


def ratios(found: dict[str, dict]) -> dict:
    """dlab's share of what memory gives, and how many times faster than PyTorch's fastest variant it is.

    A copy that fetches the lines it writes moves 3 bytes where 2 are counted: the second share counts them.
    """
    rate, torch = found["dlab"]["gigabytes_per_second"], harness.best(found, "torch")
    copied = found["copy"]["gigabytes_per_second"]
    return {
        "share_of_copy": rate / copied,
        "share_of_copy_and_fetch": rate / (1.5 * copied),
        "share_of_bare_pass": rate / found["bare pass"]["gigabytes_per_second"],
        "pytorch_best": torch,
        "dlab_is_faster_by": found[torch]["ms"] / found["dlab"]["ms"] if torch else None,
    }


def show(row: dict) -> None:
    """Print a row."""
    print(f"{row['optimizer']}: {row['bytes']} bytes a parameter")
    own = row["contenders"]["dlab"]["ms"]
    for name, each in row["contenders"].items():
        star = "*" if name == row["pytorch_best"] else " "
        line = f"{each['ms']:9.3f} ms {each['ms'] / own:6.2f} x {each['gigabytes_per_second']:7.1f} GB/s"
        print(f"  {name:14}{star}{line}")
    print(warning(row["other_cores"]), end="", flush=True)


def run(chosen: argparse.Namespace) -> list[dict]:
    """All rows."""
    running, rows = [Contender(*each, chosen.threads) for each in CONTENDERS], []
    for name in chosen.names:
        rows.append(measure(running, name, chosen))
        show(rows[-1])
    for contender in running:
        contender.close()
    return rows


def main() -> None:
    """Measure, print and store."""
    chosen = options()
    with alone():
        rows = run(chosen)
    settings = {"threads": chosen.threads, "rounds": chosen.rounds, "seconds": chosen.seconds, "size": chosen.size}
    print(f"* PyTorch best -> {harness.write(chosen.name, harness.facts() | settings | {'rows': rows})}")


if __name__ == "__main__":
    main()
