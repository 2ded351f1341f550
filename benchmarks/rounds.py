"""Where a step's time goes on two threads: each kernel's time on one and on two, and the waiting between rounds.

DLAB_DATA=FOLDER python benchmarks/rounds.py    about a minute

A kernel that shares its work evenly takes half of the time on two threads.  What it takes beyond that, it mostly waits
for data that the other core has written.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter

import numpy as np

import harness
from neighbours import alone, busy_cores, warning

ROWS = (("lenet", 64), ("simple_convnet", 100), ("mlp-1", 100), ("mlp-5", 100))
STEPS, FASTEST = 1500, 10  # of which one in so many counts: a shared machine disturbs the others


def measure(name: str, batch: int, threads: int) -> dict:
    """Microseconds of each kernel, of waiting, and of a whole step; in a process of its own."""
    import numba

    from dlab.kernels.calls import Together
    from peers import dlab_peer, networks, samples
    from peers.rounds import BEGIN, END, MET, Clocked

    network = networks.NETWORKS[name]
    trainer = dlab_peer.trainer(network, samples.load(network.input), threads=threads, epochs=9, batch_size=batch)
    numba.set_num_threads(threads)
    plan = trainer._plan_for(batch)
    [at] = [number for number, call in enumerate(plan.calls) if isinstance(call, Together)]
    clocked, logs, begin = Clocked(plan.calls[at], threads), [], perf_counter()
    for step in range(STEPS):
        trainer.prepare(trainer.script.line, step)
        trainer.script.open(1)
        for number, call in enumerate(plan.calls):
            logs.append(clocked.run()) if number == at else call()
    seconds, all_ticks = perf_counter() - begin, np.array(logs)
    tick = seconds / (all_ticks[-1].max() - all_ticks[0].min()) * 1e6
    whole = all_ticks[..., -1, MET].max(axis=1) - all_ticks[..., 0, BEGIN].min(axis=1)
    best = all_ticks[np.argsort(whole)[: STEPS // FASTEST]].mean(axis=0) * tick
    kernels: dict[str, float] = defaultdict(float)
    for number, call in enumerate(clocked.calls):
        kernels[call.run.func.__name__] += (best[:, number, END] - best[:, number, BEGIN]).max()
    waiting = (best[..., MET] - best[..., END]).sum(axis=1).min()
    return {"kernels": kernels, "waiting": waiting, "step": float(np.sort(whole)[: STEPS // FASTEST].mean() * tick)}


def row(name: str, batch: int) -> dict:
    """One network on one thread and on two."""
    found = {"network": name, "batch": batch}
    for threads in (1, 2):
        command = [sys.executable, str(Path(__file__)), "--only", name, str(batch), str(threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=harness.environment(threads))
        found[f"threads_{threads}"] = json.loads(done.stdout)
    one, two = (found[f"threads_{threads}"] for threads in (1, 2))
    print(f"{name}, batch {batch}: {one['step']:.0f} us on one thread, {two['step']:.0f} on two")
    for kernel, time in sorted(one["kernels"].items(), key=lambda pair: -pair[1]):
        print(f"  {kernel:24s} {time:8.1f} {two['kernels'][kernel]:8.1f}")
    print(f"  {'waiting':24s} {one['waiting']:8.1f} {two['waiting']:8.1f}")
    return found


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        name, batch, threads = chosen.only
        print(json.dumps(measure(name, int(batch), int(threads))))
        return
    with alone():
        others = busy_cores()
        rows = [row(name, batch) for name, batch in ROWS]
    print(warning(others), end="")
    print(harness.write("rounds", harness.facts() | {"rows": rows, "steps": STEPS, "other_cores": others}))


if __name__ == "__main__":
    main()
