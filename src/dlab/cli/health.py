"""What `dlab doctor` looks at: the machine, the folders, and whether a small network learns."""

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from dlab import __version__, kernels
from dlab.assemble import build, threads_of
from dlab.data import files
from dlab.errors import EnvironmentFault
from dlab.kernels import jit
from dlab.machine import cores, processor
from dlab.report import tables
from dlab.report.output import Output
from dlab.results.records import Evaluation
from dlab.spec import load

PACKAGES = ("numpy", "numba", "matplotlib", "pydantic", "click", "rich", "safetensors", "scikit-learn")


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `ok` is None where there is nothing to judge."""

    what: str
    found: str
    ok: bool | None = None


def examine() -> Iterator[Finding]:
    """All findings, the self-test last."""
    yield Finding("dlab", f"{__version__}, Python {platform.python_version()}")
    yield Finding("packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    yield Finding("processor", f"{processor()}, {os.cpu_count()} cores, {cores()} for this process")
    yield Finding("device", f"cpu ({kernels.describe()})")
    yield Finding("gpu", kernels.no_gpu() or ", ".join(f"{name} {fact}" for name, fact in kernels.gpu_facts().items()))
    yield Finding("threads", f"{threads_of(None)} unless asked, {kernels.threading_layer()} threads")
    yield _writable("results folder", Path.cwd())
    yield _writable("kernel cache", jit.cache_folder())
    yield _data_folder()
    yield _judged("self-test", partial(_learns, "cpu"))
    if not kernels.emulates() and not kernels.no_gpu():
        yield _judged("self-test on the GPU", partial(_learns, "cuda"))


def report(output: Output) -> int:
    """Print the findings and the verdict; the exit code is 5 where something is wrong."""
    findings = list(examine())
    wrong = [finding.what for finding in findings if finding.ok is False]
    marks = {True: "ok", False: "WRONG", None: ""}
    table = tables.listing(("", "found", ""), [(one.what, one.found, marks[one.ok]) for one in findings])
    verdict = f"something is wrong: {', '.join(wrong)}" if wrong else "dlab works on this machine"
    output.show({"ok": not wrong, "findings": [asdict(finding) for finding in findings]}, table, verdict)
    return EnvironmentFault.exit_code if wrong else 0


def _writable(what: str, folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding(what, f"{folder}: writable", True)
    except OSError as fault:
        return Finding(what, f"{folder}: {fault.strerror}", False)


def _data_folder() -> Finding:
    named = os.environ.get("DLAB_DATA")
    if not named:
        return Finding("data folder", f"DLAB_DATA is not set; fetched sets are kept in {files.cache_folder()}")
    found = Path(named).is_dir()
    return Finding("data folder", f"{named}: {'found' if found else 'not found'} (DLAB_DATA)", found)


def _judged(what: str, test: Callable[[], tuple[str, bool]]) -> Finding:
    try:
        return Finding(what, *test())
    except Exception as fault:
        # Whatever it is, the verdict of a doctor is better than a traceback.
        return Finding(what, f"{type(fault).__name__}: {fault}", False)


def _learns(device: str) -> tuple[str, bool]:
    experiment = build(load("lenet-digits", ["train.epochs=3"]), device)
    rows = [record for record in experiment.trainer.run() if isinstance(record, Evaluation)]
    first, last = rows[0].test_accuracy or 0.0, rows[-1].test_accuracy or 0.0
    said = f"lenet-digits goes from {100 * first:.1f} % to {100 * last:.1f} % in {len(rows)} epochs"
    return said, last > 0.5 and last >= first
