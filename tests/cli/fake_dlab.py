"""The real command line over a network that computes nothing: `python -m tests.cli.fake_dlab train one`."""

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dlab.spec
from dlab.errors import Diverged, SpecError
from tests.results.fakes import FakeTrainer, experiment

FAULTS = {"diverges": Diverged("the loss is nan in epoch 1, batch 2"), "bug": ValueError("odd")}


def load(source: Any, overrides: tuple[str, ...] = (), seed: int | None = None) -> Any:
    """A spec that has a name; every name but `wrong` is right."""
    name = Path(source).stem if Path(source).name != "spec.yaml" else Path(source).read_text().split()[1]
    if name == "wrong":
        raise SpecError('wrong.yaml:2:1: unknown key "lrr". Did you mean "lr"?')
    return SimpleNamespace(name=name, to_yaml=lambda: f"name: {name}\n", overrides=overrides, compare=None)


def build(spec: Any, device: str | None = None, threads: int | None = None) -> Any:
    """An experiment that fails as the spec's name says, or takes its time."""
    pause = float(os.environ.get("FAKE_PAUSE", "0"))
    fault = FAULTS.get(spec.name)
    return experiment(FakeTrainer(5 if fault else 99, fault, lambda trainer: time.sleep(pause)))


def main() -> None:
    """The command line with these two in the place of the real ones."""
    from dlab.cli import main

    dlab.spec.load = load
    import dlab.cli.jobs as jobs

    jobs.load, jobs.build = load, build
    main()


if __name__ == "__main__":
    main()
