"""Rows of contenders that take turns at the same work, beside the multiply-add limit of the same rounds."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import mean

import harness
from harness import Contender, UnavailableError
from neighbours import alone, warning
from peers import samples

CONTENDERS = {
    "dlab": ("dlab", "cpu"),
    "torch eager": ("torch", "eager"),
    "torch fused": ("torch", "fused"),
    "torch channels_last": ("torch", "channels_last"),
    "torch compile": ("torch", "compile"),
    "jax": ("jax", "jit"),
    "numpy": ("numpy", "im2col"),
}


@dataclass(frozen=True)
class Row:
    """One piece of work: what a worker is told to build, its operations, and who does it."""

    name: str
    order: str
    flops: int
    contenders: tuple[str, ...] = tuple(CONTENDERS)
    facts: dict = field(default_factory=dict)
    seconds: float = 0.0  # of a slice at least: for steps so long that a slice would have one or two


def parser(words: str, rows: Sequence[Row]) -> argparse.ArgumentParser:
    """The options that say what is compared."""
    names = [row.name for row in rows]
    made = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rows", type=lambda text: text.split(","), default=names, help=f"of {','.join(names)}")
    made.add_argument("--no-jax", action="store_true")
    made.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    return made


def chosen_rows(chosen: argparse.Namespace, rows: Sequence[Row]) -> list[Row]:
    """The rows that --rows names, in their usual order."""
    names = [row.name for row in rows]
    if unknown := set(chosen.rows) - set(names):
        sys.exit(f"no row {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return [row for row in rows if row.name in chosen.rows]


def measure(running: dict[str, Contender], row: Row, chosen: argparse.Namespace) -> dict:
    """One row: every contender's figures, the multiply-add limit at the same time, and what follows from both."""
    ready, skipped = harness.prepare([running[name] for name in row.contenders if name in running], row.order)
    figures: dict[str, list[dict]] = {}
    limits: list[float] = []
    loads: list[float] = []
    for number in range(chosen.rounds):
        loads += harness.play(ready, max(chosen.seconds, row.seconds), number, figures)
        limits += limit(running["dlab"])
    found, fma = harness.summary(figures), max(limits, default=None)
    for each in found.values():
        each["gflops"] = row.flops / each["ms"] / 1e6
        each["share_of_fma_limit"] = each["gflops"] / fma if fma else None
    told = {"name": row.name, **row.facts, "flops": row.flops, "fma_limit_gflops": fma, "fma_limits": limits}
    told |= {"other_cores": mean(loads or [0.0]), "contenders": found, "skipped": skipped}
    return told | ratios(found)


def limit(dlab: Contender) -> list[float]:
    """One measurement of the multiply-add limit by dlab's process, if it can."""
    try:
        return [dlab.ask("limit")["gflops"]]
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
    print(f"{row['name']}: {row['flops'] / 1e6:.1f} MFLOP, limit {limit or 0:.0f} GFLOP/s")
    own = row["contenders"].get("dlab")
    for name, each in row["contenders"].items():
        ratio = f"{each['ms'] / own['ms']:7.2f} x" if own else ""
        share = f"{each['share_of_fma_limit']:5.0%}" if limit else ""
        star = "*" if name == row["pytorch_best"] else " "
        print(f"  {name:20}{star}{each['ms']:10.3f} ms {ratio} {each['gflops']:7.1f} GFLOP/s {share}")
    print(warning(row["other_cores"]), end="")
    for name, reason in row["skipped"].items():
        print(f"  {name:20} left out: {reason}", flush=True)


def run(rows: Sequence[Row], chosen: argparse.Namespace) -> list[dict]:
    """All rows."""
    unwanted, found = {"jax": chosen.no_jax, "torch compile": chosen.no_compile}, []
    names = {name for row in rows for name in row.contenders if not unwanted.get(name)}
    running = {name: Contender(name, *CONTENDERS[name], chosen.threads) for name in CONTENDERS if name in names}
    for row in rows:
        found.append(measure(running, row, chosen))
        show(found[-1])
    for contender in running.values():
        contender.close()
    return found


def main(words: str, name: str, rows: Sequence[Row], complete: Callable[[list[dict]], dict] = lambda rows: {}) -> None:
    """Measure, print and store; `complete` adds what follows from all rows."""
    made = parser(words, rows)
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--seconds", type=float, default=0.3, help="of each slice")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--name", default=name, help="of the JSON file in benchmarks/results")
    chosen = made.parse_args()
    with alone():
        found = run(chosen_rows(chosen, rows), chosen)
    settings = {"threads": chosen.threads, "rounds": chosen.rounds, "seconds": chosen.seconds, "data": samples.source()}
    settings |= {"rows": found} | complete(found)
    print(f"* PyTorch best -> {harness.write(chosen.name, harness.facts() | settings)}")
