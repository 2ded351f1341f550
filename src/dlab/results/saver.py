"""When checkpoints are written: at evaluations, but never for more than a small share of the time."""

from collections.abc import Mapping
from time import perf_counter

from dlab.results.checkpoint import State
from dlab.results.checkpoints import Checkpoints, weights
from dlab.results.records import Evaluation, score

SHARE = 0.02  # of the time may go into saving


class Saver:
    """Takes note of the state at every evaluation, and writes it when that is due.

    What is not written yet costs nothing but the time since the last checkpoint: a resumed run computes it again,
    to the same bits.
    """

    def __init__(self, checkpoints: Checkpoints, best: State | None = None):
        self.checkpoints, self.tables = checkpoints, checkpoints.folder.kept_tables
        self._best = best
        self._noted: tuple[State, Mapping[str, int]] | None = None
        self._begun, self._spent = perf_counter(), 0.0

    def note(self, state: State, rows: list[Evaluation]) -> None:
        """The state that belongs to the last row."""
        self._take(state)
        if min(rows, key=score) is rows[-1]:
            self._best = weights(state)
        if self._spent <= SHARE * (perf_counter() - self._begun):
            self.save()

    def end(self, state: State, rows: list[Evaluation]) -> None:
        """Save the state that the run ended with; one at step 0 is where every run starts."""
        step = state["step"].item()
        if step and not (rows and rows[-1].step == step):
            self._take(state)
        self.save()

    def save(self) -> None:
        """Write what is due."""
        if self._noted is None:
            return
        begin = perf_counter()
        state, sizes = self._noted
        for table in self.tables().values():
            table.sync()
        self.checkpoints.save(state, self._best, sizes)
        self._noted = None
        self._spent += perf_counter() - begin

    def _take(self, state: State) -> None:
        self._noted = state, {name: table.size() for name, table in self.tables().items()}
