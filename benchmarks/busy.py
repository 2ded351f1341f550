"""LeNet at batch 64 on a quiet machine and beside busy neighbours: pure-Python loops that use every core.

python benchmarks/busy.py [--rounds 5] [--seconds 1]    about two minutes
"""

import argparse
from statistics import mean

import harness
from harness import Contender
from neighbours import Spinners, alone, warning

NETWORK, BATCH = "lenet", 64
CONTENDERS = (
    ("dlab", "dlab", "cpu", 2),
    ("torch eager", "torch", "eager", 2),
    ("torch fused", "torch", "fused", 2),
    ("torch channels_last", "torch", "channels_last", 2),
    ("torch compile", "torch", "compile", 2),
    ("torch fused, 1 thread", "torch", "fused", 1),
    ("torch compile, 1 thread", "torch", "compile", 1),
)


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each slice")
    parser.add_argument("--neighbours", type=int, default=2)
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--name", default="busy", help="of the JSON file in benchmarks/results")
    return parser.parse_args()


def measure(ready: list[Contender], chosen: argparse.Namespace) -> dict:
    """Quiet and busy rounds in turn."""
    quiet: dict[str, list[dict]] = {}
    busy: dict[str, list[dict]] = {}
    loads: list[float] = []
    with Spinners(chosen.neighbours) as spinners:
        for number in range(chosen.rounds):
            loads += harness.play(ready, chosen.seconds, number, quiet)
            spinners.go()
            harness.play(ready, chosen.seconds, number, busy)
            spinners.rest()
    found = {"quiet": harness.summary(quiet), "busy": harness.summary(busy)}
    return found | {"other_cores_when_quiet": mean(loads or [0.0])}


def show(found: dict) -> None:
    """Print a line for each contender."""
    print(f"{NETWORK} batch {BATCH}, ms per step: quiet, busy, times slower; samples/s busy")
    for name, quiet in found["quiet"].items():
        ms, slow = quiet["ms"], found["busy"][name]["ms"]
        print(f"  {name:24}{ms:9.3f} {slow:10.3f} {slow / ms:8.1f} x {1e3 * BATCH / slow:10.0f}")
    print(warning(found["other_cores_when_quiet"]), end="")


def main() -> None:
    """Measure, print and store."""
    chosen = options()
    with alone():
        running = [Contender(*each) for each in CONTENDERS if not (chosen.no_compile and each[2] == "compile")]
        ready, skipped = harness.prepare(running, f"make {NETWORK} {BATCH}")
        found = measure(ready, chosen)
        for contender in running:
            contender.close()
    show(found)
    for name, reason in skipped.items():
        print(f"  {name:24} left out: {reason}")
    settings = {"network": NETWORK, "batch": BATCH, "neighbours": chosen.neighbours, "rounds": chosen.rounds}
    settings |= {"seconds": chosen.seconds, "skipped": skipped}
    print(harness.write(chosen.name, harness.facts() | settings | found))


if __name__ == "__main__":
    main()
