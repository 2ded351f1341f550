"""What the benchmarks share: contenders in processes of their own, interleaved rounds, and the facts of the machine."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from neighbours import busy_cores

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PACKAGES = ("numpy", "numba", "torch", "jax")


class UnavailableError(Exception):
    """A contender cannot run; the text says why."""


class Contender:
    """A peer's variant in a worker process."""

    def __init__(self, name: str, peer: str, variant: str, threads: int, worker: str = "worker.py"):
        self.name, self.peer, self.threads = name, peer, threads
        command = [sys.executable, str(HERE / worker), peer, variant, str(threads)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=environment(threads), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )

    def ask(self, line: str) -> dict:
        """The worker's answer; UnavailableError if it has none."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise UnavailableError(f"the process ended with code {self._process.wait()} (is {self.peer} installed?)")
        found = json.loads(answer)
        if "error" in found:
            raise UnavailableError(found["error"])
        return found

    def close(self) -> None:
        """End the process."""
        self._process.communicate()  # which does not mind one that has ended already


def environment(threads: int) -> dict[str, str]:
    """The environment of a worker: NumPy's BLAS takes its threads from here."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    return os.environ | dict.fromkeys(names, str(threads))


def prepare(contenders: list[Contender], order: str) -> tuple[list[Contender], dict[str, str]]:
    """Give all the order that builds a row's step: (those who can, why the others cannot)."""
    ready, skipped = [], {}
    for contender in contenders:
        try:
            contender.ask(order)
            ready.append(contender)
        except UnavailableError as reason:
            skipped[contender.name] = str(reason)
    return ready, skipped


def play(contenders: list[Contender], seconds: float, number: int, figures: dict[str, list[dict]]) -> list[float]:
    """One round: a short slice each, one at a time, in an order that moves on; cores others used before each slice."""
    if not contenders:
        return []
    start, loads = number % len(contenders), []
    for contender in contenders[start:] + contenders[:start]:
        loads.append(busy_cores())
        figures.setdefault(contender.name, []).append(contender.ask(f"run {seconds}"))
    return loads


def summary(figures: dict[str, list[dict]]) -> dict[str, dict]:
    """Per contender: ms per step (median, least, most), every slice, and processor time while others worked."""
    found = {}
    for name, slices in figures.items():
        each = [1e3 * piece["seconds"] / piece["steps"] for piece in slices]
        idle = sum(piece["idle_cpu"] for piece in slices[1:])
        found[name] = {
            "ms": median(each),
            "least": min(each),
            "most": max(each),
            "slices_ms": [round(value, 5) for value in each],
            "steps": sum(piece["steps"] for piece in slices),
            "idle_cpu_seconds": round(idle, 4),
        }
    return found


def best(row: dict[str, dict], prefix: str) -> str | None:
    """The contender with the least median among those whose name begins so."""
    return min((name for name in row if name.startswith(prefix)), key=lambda name: row[name]["ms"], default=None)


def facts() -> dict:
    """Command, date, machine and versions."""
    return {
        "command": "python " + " ".join([f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "versions": {"python": platform.python_version(), **versions()},
    }


def versions() -> dict[str, str]:
    """Installed versions of dlab and its peers."""
    import dlab

    found = {"dlab": dlab.__version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def cpu_model() -> str:
    """The processor's name, with the widest vectors it has."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    words = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = words.get("flags", "").split()
    vectors = next((label for flag, label in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "")
    return f"{words.get('model name', platform.processor())} {vectors}".strip()


def write(name: str, found: dict, folder: Path = RESULTS) -> Path:
    """Store a benchmark's figures as results/NAME.json, or in another folder."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    return path
