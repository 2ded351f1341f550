"""What `dlab filter-demo` does: a demo is a spec of demonstrations and the folder they go to."""

import time
from dataclasses import dataclass
from pathlib import Path

from dlab import kernels
from dlab.assemble import device_of, threads_of
from dlab.report import tables
from dlab.report.output import Output
from dlab.report.progress import following
from dlab.results import durable, session
from dlab.results.folder import Folder
from dlab.results.shelf import claim
from dlab.spec.demonstrations import Demonstrations, load
from dlab.spec.kinds import FILTER_DEMO
from dlab.studies.filters import study
from dlab.studies.filters.engine import Engine


@dataclass(frozen=True)
class Demo:
    """What to show, where it goes, and what computes; `plan` holds a few words on each demonstration."""

    spec: Demonstrations
    plan: dict[str, list[str]]
    root: Path
    name: str
    device: str
    threads: int


def demo(
    spec: str,
    overrides: tuple[str, ...],
    output_dir: Path,
    name: str | None,
    device: str | None,
    threads: int | None,
) -> Demo:
    """What the command line asks for, checked: every image is there and every filter fits."""
    found = load(spec, overrides)
    computes = device_of(device or found.device), threads_of(threads or found.threads)
    return Demo(found, study.outline(found), output_dir, name or found.name, *computes)


def plan(demo: Demo, output: Output) -> None:
    """Say what would be computed."""
    lines = [(name, line) for name, found in demo.plan.items() for line in found]
    output.show(
        {"device": demo.device, "plan": demo.plan}, tables.listing(("demonstration", "what it computes"), lines)
    )


def run(demo: Demo, output: Output) -> Folder:
    """Compute everything into a new folder."""
    folder = Folder(claim(demo.root, FILTER_DEMO, demo.name))
    output.note(f"results go to {folder.path}")
    shown = list(demo.spec.shown)
    facts = {"about": ", ".join(shown), "shown": shown, "device": demo.device, "threads": demo.threads}
    durable.replace(folder.spec, demo.spec.to_yaml().encode())
    with following(output) as reporter, session.kept(folder, **facts) as log:
        kernels.compiling(reporter.compiled)
        engine = Engine(kernels.backend(demo.device))
        kernels.set_threads(demo.threads)
        study.run(demo.spec, engine, folder.path, lambda text: log.write(f"{time.strftime('%H:%M:%S')}  {text}\n"))
    return folder
