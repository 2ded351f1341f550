"""The checkpoints of a run: `checkpoints/step-N.safetensors` and its manifest `step-N.json`, the newest two of them.

They are written once and never changed.  The state comes first, then the manifest, then the names `last` and `best`,
and only then the oldest checkpoint goes: at any moment a complete one is there, and from the second on two.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlab.errors import CheckpointError
from dlab.results import checkpoint, durable, manifest
from dlab.results.checkpoint import State
from dlab.results.folder import RunFolder
from dlab.results.manifest import Damaged, Incomplete, Manifest, Part
from dlab.results.settings import differences, flat

NAME = re.compile(r"step-(\d{1,18})\.(json|safetensors)")
FREE = ("name", "device", "threads", "data.path")  # settings that a run may go on with under another value
BEST = "best."  # names of the best weights, in the state of a run that has gone on since
Tell = Callable[[str], object]


class Checkpoints:
    """What a run has saved; `tell` hears of what was found damaged or not finished."""

    def __init__(self, folder: RunFolder, facts: Mapping[str, Any], tell: Tell):
        self.folder, self.facts, self.tell = folder, facts, tell
        self._kept: list[int] = []  # steps of the checkpoints that are known to be sound, the last one the newest
        self._shown = 0  # the step of the weights that are called the best

    def save(self, state: State, best: State | None, sizes: Mapping[str, int]) -> None:
        """Keep a state, the best weights, and the rows up to these sizes of the tables."""
        step = int(state["step"].item())
        pieces = checkpoint.encode(state | (_older(best, step) if best else {}))
        rows = {name: Part.of(self.folder.path / name, size) for name, size in sizes.items()}
        durable.replace(self._state(step), *pieces)
        about = Manifest(step, Part.made_of(*pieces), rows, **self.facts)
        durable.replace(self._manifest(step), about.encode())
        self._show(step, best)
        self._kept = [*(kept for kept in self._kept if kept != step), step][-2:]
        self._sweep()

    def restore(self, take: Callable[[State], object]) -> tuple[int, State | None]:
        """Hand the newest sound state to `take`, with rows and names as they were then: (its step, its best weights).

        (0, None) if none was saved; CheckpointError if all are damaged, or if the newest belongs to another run.
        """
        damaged = []
        for step in self._steps("json"):
            try:
                about, state, best = self._load(step)
            except Incomplete as fault:
                self.tell(f"a checkpoint is not complete: {fault}")
            except (Damaged, OSError) as fault:
                damaged.append(str(fault))
                self.tell(f"a checkpoint is damaged: {fault}")
            else:
                take(state)
                return step, self._settled(about, best)
        if damaged:
            raise CheckpointError(
                f"{self.folder.path} has no sound checkpoint: {'; '.join(damaged)}. "
                f"To begin again at step 0, remove {self.folder.checkpoints}"
            )
        self._sweep()
        return 0, None

    def _load(self, step: int) -> tuple[Manifest, State, State]:
        """A checkpoint that can be gone on with; nothing large is read before all that is small is right."""
        about, path = manifest.read(self._manifest(step)), self._state(step)
        if about.step != step:
            raise Damaged(f"{self._manifest(step)} is the manifest of step {about.step}")
        self._compare(about)
        self._check_rows(about)
        if not path.exists():
            raise Incomplete(f"{path} is missing")
        if path.is_file() and not checkpoint.looks_right(path):
            raise Damaged(f"{path} is not a dlab checkpoint")
        about.state.check(path, whole=True)
        return about, *_sound(path, step)

    def _compare(self, about: Manifest) -> None:
        """CheckpointError with both values of everything that is not as it was."""
        old, new = ({k: v for k, v in flat(spec).items() if not _free(k)} for spec in (about.spec, self.facts["spec"]))
        told = differences(old, new) + differences({"data": about.data}, {"data": self.facts["data"]})
        if told:
            raise CheckpointError(f"{self._manifest(about.step)} belongs to another run: {'; '.join(told)}")
        for changed in differences(about.versions, self.facts["versions"]):
            self.tell(f"other versions, so the numbers may differ in their last digits: {changed}")

    def _check_rows(self, about: Manifest) -> None:
        known, there = {table.path.name for table in self.folder.tables()}, set(self.folder.kept_tables())
        if not there <= set(about.tables) <= known:
            raise Damaged(f"{self._manifest(about.step)} is not about the tables of this run")
        for name, part in about.tables.items():
            part.check(self.folder.path / name)

    def _settled(self, about: Manifest, best: State) -> State | None:
        """Rows and names as they were when this state was saved; the best weights, if there were any rows."""
        for name, table in self.folder.kept_tables().items():
            table.cut(about.tables[name].bytes)
        found = best if self.folder.evaluations.read() else None
        self._kept = [about.step]
        self._show(about.step, found)
        return found

    def _show(self, step: int, best: State | None) -> None:
        """The names that everybody else reads."""
        durable.alias(self.folder.last, self._state(step))
        if best and self._shown != (shown := best["step"].item()):
            durable.replace(self.folder.best, *checkpoint.encode(best))
            self._shown = shown

    def _sweep(self) -> None:
        """Remove all but the checkpoints that are kept, manifests first."""
        for kind in ("json", "safetensors"):
            for step in self._steps(kind):
                if step not in self._kept:
                    durable.remove(self.folder.checkpoints / f"step-{step}.{kind}")

    def _steps(self, kind: str) -> Iterator[int]:
        """Steps of which there is such a file, the newest first."""
        found = [NAME.fullmatch(path.name) for path in self.folder.checkpoints.glob(f"*.{kind}")]
        yield from sorted((int(match[1]) for match in found if match), reverse=True)

    def _manifest(self, step: int) -> Path:
        return self.folder.checkpoints / f"step-{step}.json"

    def _state(self, step: int) -> Path:
        return self.folder.checkpoints / f"step-{step}.safetensors"


def weights(state: State) -> State:
    """What of a state is worth keeping when it was the best."""
    return {name: array for name, array in state.items() if not name.startswith("optimizer.")}


def _older(best: State, step: int) -> State:
    """The best weights under names of their own, nothing if they are the present ones."""
    return {} if best["step"].item() == step else {BEST + name: array for name, array in best.items()}


def _sound(path: Path, step: int) -> tuple[State, State]:
    """The state in a file and its best weights; Damaged if these cannot be what was saved at this step."""
    try:
        found = checkpoint.load(path)
    except CheckpointError as fault:
        raise Damaged(str(fault)) from fault
    if odd := [name for name, array in found.items() if np.isnan(array).any()]:
        raise Damaged(f"{path} has numbers that are none (NaN), in {', '.join(odd[:3])}")
    state = {name: array for name, array in found.items() if not name.startswith(BEST)}
    best = {name.removeprefix(BEST): array for name, array in found.items() if name.startswith(BEST)} or weights(state)
    if checkpoint.forms(best) != checkpoint.forms(weights(state)) or not np.array_equal(state.get("step", ()), [step]):
        raise Damaged(f"{path} is not the state of step {step}")
    return state, best


def _free(key: str) -> bool:
    return key in FREE or key.partition(".")[0] == "compare"
