"""Time of a training step: dlab, PyTorch, JAX and textbook NumPy, interleaved in one run on the same threads.

python benchmarks/step.py                              all rows, about five minutes
python benchmarks/step.py --rows lenet-64 --rounds 3   a quick look
"""

import argparse
import sys
from statistics import mean

import harness
from harness import Contender, UnavailableError
from neighbours import alone, warning
from peers import samples
from peers.networks import NETWORKS, parameters, step_flops

ROWS = (
    ("lenet", 32),
    ("lenet", 64),
    ("lenet", 128),
    ("lenet", 512),
    ("simple_convnet", 100),
    ("deep_convnet", 100),
    ("mlp-1", 100),
    ("mlp-5", 100),
)
NAMES = {f"{network}-{batch}": (network, batch) for network, batch in ROWS}
CONTENDERS = (
    ("dlab", "dlab", "cpu"),
    ("torch eager", "torch", "eager"),
    ("torch fused", "torch", "fused"),
    ("torch channels_last", "torch", "channels_last"),
    ("torch compile", "torch", "compile"),
    ("jax", "jax", "jit"),
    ("numpy", "numpy", "im2col"),
)


def parser(words: str) -> argparse.ArgumentParser:
    """The options that say what is compared."""
    made = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rows", type=lambda text: text.split(","), default=list(NAMES), help=f"of {','.join(NAMES)}")
    made.add_argument("--no-jax", action="store_true")
    made.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    return made


def chosen_rows(chosen: argparse.Namespace) -> list[tuple[str, int]]:
    """The rows that --rows names, in their usual order."""
    if unknown := set(chosen.rows) - set(NAMES):
        sys.exit(f"no row {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return [row for name, row in NAMES.items() if name in chosen.rows]


def options() -> argparse.Namespace:
    """The command line."""
    made = parser(__doc__)
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--seconds", type=float, default=0.3, help="of each slice")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--name", default="step", help="of the JSON file in benchmarks/results")
    return made.parse_args()


def contenders(chosen: argparse.Namespace) -> list[Contender]:
    """A process for each contender that is wanted."""
    unwanted = {"jax": chosen.no_jax, "torch compile": chosen.no_compile}
    return [Contender(*each, chosen.threads) for each in CONTENDERS if not unwanted.get(each[0])]


def measure(running: list[Contender], network: str, batch: int, chosen: argparse.Namespace) -> dict:
    """One row: every contender's figures, the multiply-add limit at the same time, and what follows from both."""
    ready, skipped = harness.prepare(running, f"make {network} {batch}")
    figures: dict[str, list[dict]] = {}
    limits: list[float] = []
    loads: list[float] = []
    for number in range(chosen.rounds):
        loads += harness.play(ready, chosen.seconds, number, figures)
        limits += limit(running)
    flops, found = step_flops(NETWORKS[network], batch), harness.summary(figures)
    fma = max(limits, default=None)
    for each in found.values():
        each["gflops"] = flops / each["ms"] / 1e6
        each["share_of_fma_limit"] = each["gflops"] / fma if fma else None
    row = {"network": network, "batch": batch, "parameters": parameters(NETWORKS[network]), "flops": flops}
    row |= {"fma_limit_gflops": fma, "fma_limits": limits, "other_cores": mean(loads or [0.0])}
    return row | {"contenders": found, "skipped": skipped} | ratios(found)


def limit(running: list[Contender]) -> list[float]:
    """One measurement of the multiply-add limit by dlab's process, if it can."""
    try:
        return [each.ask("limit")["gflops"] for each in running if each.peer == "dlab"]
    except UnavailableError:
        return []


def ratios(found: dict[str, dict]) -> dict:
    """How many times faster dlab is than PyTorch's fastest variant, JAX and NumPy."""
    torch = harness.best(found, "torch")
    peers = {"pytorch_best": torch, "jax": "jax", "numpy": "numpy"}
    own = found.get("dlab", {}).get("ms")
    speedups = {name: found[peer]["ms"] / own for name, peer in peers.items() if own and peer in found}
    return {"pytorch_best": torch, "dlab_is_faster_by": speedups}


def show(row: dict) -> None:
    """Print a row."""
    limit = row["fma_limit_gflops"]
    print(f"{row['network']} batch {row['batch']}: {row['flops'] / 1e6:.1f} MFLOP, limit {limit or 0:.0f} GFLOP/s")
    own = row["contenders"].get("dlab")
    for name, each in row["contenders"].items():
        ratio = f"{each['ms'] / own['ms']:7.2f} x" if own else ""
        share = f"{each['share_of_fma_limit']:5.0%}" if limit else ""
        star = "*" if name == row["pytorch_best"] else " "
        print(f"  {name:20}{star}{each['ms']:10.3f} ms {ratio} {each['gflops']:7.1f} GFLOP/s {share}")
    print(warning(row["other_cores"]), end="")
    for name, reason in row["skipped"].items():
        print(f"  {name:20} left out: {reason}")


def run(chosen: argparse.Namespace) -> list[dict]:
    """All rows."""
    wanted, rows = chosen_rows(chosen), []
    running = contenders(chosen)
    for network, batch in wanted:
        rows.append(measure(running, network, batch, chosen))
        show(rows[-1])
    for contender in running:
        contender.close()
    return rows


def main() -> None:
    """Measure, print and store."""
    chosen = options()
    with alone():
        rows = run(chosen)
    settings = {"threads": chosen.threads, "rounds": chosen.rounds, "seconds": chosen.seconds, "data": samples.source()}
    print(f"* PyTorch best -> {harness.write(chosen.name, harness.facts() | settings | {'rows': rows})}")


if __name__ == "__main__":
    main()
