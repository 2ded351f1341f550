"""dlab on a GPU beside PyTorch and beside what the GPU can do, interleaved in one run.

python benchmarks/gpu.py                                     all rows, at most nine minutes
python benchmarks/gpu.py --rows lenet --rounds 3             a quick look at the rows whose name holds this
DLAB_CUDA_EMULATOR=1 python benchmarks/gpu.py --toy          does it run? Without a GPU, and its times say nothing
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import mean, median, quantiles
from tempfile import mkdtemp
from time import perf_counter

import harness
from gpu_rows import BYTES, CONTENDERS, FLOPS, Row, rows
from harness import Contender, UnavailableError
from neighbours import alone, busy_cores, warning
from peers import samples

CEILINGS = {BYTES: "copy", FLOPS: "multiply-add"}  # the row whose rate by dlab is the ceiling of a unit
LAST = 60  # seconds that must be left for a row to begin
CLOCKS = "driver_version,clocks.sm,clocks.mem,clocks.max.sm,temperature.gpu,power.draw"


def options() -> argparse.Namespace:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rows", type=lambda text: text.split(","), default=[""], help="parts of their names")
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--seconds", type=float, default=0.5, help="of each slice")
    made.add_argument("--minutes", type=float, default=9.0, help="rows that cannot begin in time are left out")
    made.add_argument("--toy", action="store_true", help="small sizes, for the emulator; figures go to a new folder")
    made.add_argument("--folder", type=Path, default=harness.RESULTS, help="where gpu.json goes")
    chosen = made.parse_args()
    if chosen.toy:
        chosen.rounds, chosen.seconds, chosen.folder = 1, 0.01, Path(mkdtemp(prefix="dlab-gpu-"))
        print("A toy: its times, and what they meet or miss, say nothing")
    return chosen


def measure(running: dict[str, Contender], row: Row, chosen: argparse.Namespace, ceilings: dict[str, float]) -> dict:
    """One row: every contender's figures, and what follows from them."""
    warm, skipped = _prepare([running[name] for name in row.contenders], row.order)
    slices: dict[str, list[dict]] = {name: [] for name in warm}
    loads = []
    for number in range(chosen.rounds):
        names = list(slices)
        start = number % len(names) if names else 0
        for name in names[start:] + names[:start]:
            loads.append(busy_cores())
            try:
                slices[name].append(running[name].ask(f"run {chosen.seconds}"))
            except UnavailableError as reason:
                skipped[name] = str(reason)
                del slices[name]
    found = {name: warm[name] | summary(each, row, ceilings) for name, each in slices.items()}
    checked = {"error_of_float64": _error(running["dlab"])} if "dlab" in found else {}
    told = {"name": row.name, "order": row.order, "unit": row.unit, "work": row.work, **checked}
    told |= {"other_cores": mean(loads or [0.0]), "contenders": found, "skipped": skipped}
    return told | {"targets": targets(row, found)}


def _prepare(contenders: list[Contender], order: str) -> tuple[dict[str, dict], dict[str, str]]:
    """Give the order to all: (seconds of those who can, why the others cannot)."""
    warm, skipped = {}, {}
    for contender in contenders:
        try:
            warm[contender.name] = contender.ask(order)
        except UnavailableError as reason:
            skipped[contender.name] = str(reason)
    return warm, skipped


def _error(dlab: Contender) -> float | None:
    try:
        return dlab.ask("check")["error_of_float64"]
    except UnavailableError:
        return None


def summary(slices: list[dict], row: Row, ceilings: dict[str, float]) -> dict:
    """Milliseconds of a step: median and tenths of all bursts; the rate, and its share of the ceiling."""
    each = [ms for piece in slices for ms in piece["ms"]]
    tenths = quantiles(each, n=10, method="inclusive") if len(each) > 1 else each
    found = {"ms": median(each), "p10": tenths[0], "p90": tenths[-1], "bursts": len(each), **slices[-1]["told"]}
    if not row.unit:
        return found
    rate, ceiling = row.work / found["ms"] / 1e6, ceilings.get(row.unit)
    return found | {"rate": rate, "share_of_ceiling": rate / ceiling if ceiling else None}


def targets(row: Row, found: dict[str, dict]) -> list[dict]:
    """Each aim, what was reached, and whether that is enough; None where one of both was not measured."""
    own, told = found.get("dlab", {}).get("ms"), []
    for peer, least in row.targets.items():
        ratio = found[peer]["ms"] / own if own and peer in found else None
        told.append({"aim": f"{least:g} x {peer}", "reached": ratio, "met": ratio and ratio >= least})
    for word, most in (("target", row.target_ms), ("goal", row.goal_ms)):
        if most is not None:
            told.append({"aim": f"{word}: {most:g} ms", "reached": own, "met": own and own <= most})
    return told


def nodes(found: list[dict]) -> dict[str, float]:
    """What a node of a graph costs, in microseconds: from a graph of one and a graph of many."""
    graphs = [row for row in found if row["name"].startswith("graph of") and "dlab" in row["contenders"]]
    if len(graphs) < 2:
        return {}
    few, many = graphs
    more = int(many["order"].split()[-1]) - 1
    return {"node_us": 1e3 * (many["contenders"]["dlab"]["ms"] - few["contenders"]["dlab"]["ms"]) / more}


def show(row: dict) -> None:
    """Print a row."""
    print(row["name"] + (f", error {row['error_of_float64']:.1e}" if row.get("error_of_float64") else ""))
    own = row["contenders"].get("dlab", {}).get("ms")
    for name, each in row["contenders"].items():
        rate = f" {each['rate']:10.1f} {row['unit']}" if row["unit"] else ""
        times = f"{each['ms']:11.4f} ms ({each['p10']:.4f} to {each['p90']:.4f})"
        ratio = f" {each['ms'] / own:7.2f} x" if own else ""
        print(f"  {name:26}{times}{ratio}{rate}, cold {each['cold_seconds']:.1f} s")
    for aim in row["targets"]:
        print(f"  {aim['aim']}: {verdict(aim)}")
    for name, reason in row["skipped"].items():
        print(f"  {name:26}left out: {reason}")
    print(warning(row["other_cores"]), end="", flush=True)


def verdict(aim: dict) -> str:
    """In words."""
    return "not measured" if aim["reached"] is None else f"{aim['reached']:.3g}, {'met' if aim['met'] else 'MISSED'}"


def clocks() -> dict[str, str]:
    """What the driver says of the GPU at this moment."""
    if not shutil.which("nvidia-smi"):
        return {}
    command = ["nvidia-smi", f"--query-gpu={CLOCKS}", "--format=csv,noheader", "--id=0"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip().split(", ")
    return dict(zip(CLOCKS.split(","), said, strict=False))


def facts(running: dict[str, Contender]) -> dict:
    """Of the machine, the GPU and the packages; ends the program if dlab has no GPU."""
    try:
        found = harness.facts() | {"gpu": running["dlab"].ask("facts")}
    except UnavailableError as reason:
        sys.exit(f"dlab cannot run: {reason}")
    try:
        return found | {"torch": running["torch eager"].ask("facts")}
    except UnavailableError as reason:
        return found | {"torch": str(reason)}


def run(running: dict[str, Contender], chosen: argparse.Namespace) -> Path:
    """All rows; the file is written anew after each."""
    begin, ceilings, found = perf_counter(), {}, []
    wanted = [row for row in rows(chosen.toy) if any(part in row.name for part in chosen.rows)]
    settings = {"rounds": chosen.rounds, "seconds": chosen.seconds, "data": samples.source(), "toy": chosen.toy}
    told = facts(running) | settings | {"clocks_before": clocks(), "late": []}
    for row in wanted:
        if perf_counter() - begin > 60 * chosen.minutes - LAST:
            told["late"].append(row.name)
            continue
        found.append(measure(running, row, chosen, ceilings))
        show(found[-1])
        for unit, name in CEILINGS.items():
            if row.name == name and "dlab" in found[-1]["contenders"]:
                ceilings[unit] = found[-1]["contenders"]["dlab"]["rate"]
        told |= {"rows": found, **nodes(found), "clocks_after": clocks(), "minutes": (perf_counter() - begin) / 60}
        path = harness.write("gpu", told, chosen.folder)
    print("".join(f"no time for {name}\n" for name in told["late"]), end="")
    print(json.dumps(nodes(found)), f"{told['minutes']:.1f} minutes")
    return path


def main() -> None:
    """Measure, print and store."""
    chosen = options()
    with alone():
        cores = harness.facts()["cores"]
        running = {name: Contender(name, *each, cores, "gpu_worker.py") for name, each in CONTENDERS.items()}
        print(run(running, chosen))
        for contender in running.values():
            contender.close()


if __name__ == "__main__":
    main()
