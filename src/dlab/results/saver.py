"""When checkpoints are written: at evaluations, but never for more than a small share of the time."""

from time import perf_counter

from dlab.results import checkpoint
from dlab.results.folder import RunFolder
from dlab.results.records import Evaluation, score

SHARE = 0.02  # of the time may go into saving


class Saver:
    """Takes note of the state at every evaluation, and writes `best` and `last` when that is due.

    What is not written yet costs nothing but the time since the last checkpoint: a resumed run computes it again,
    to the same bits.
    """

    def __init__(self, folder: RunFolder, data: str):
        self.folder, self.data = folder, data
        self._last: checkpoint.State | None = None
        self._best: checkpoint.State | None = None
        self._begun, self._spent = perf_counter(), 0.0

    def note(self, state: checkpoint.State, rows: list[Evaluation]) -> None:
        """The state that belongs to the last row."""
        self._last = state
        if min(rows, key=score) is rows[-1]:
            self._best = {name: array for name, array in state.items() if not name.startswith("optimizer.")}
        if self._spent <= SHARE * (perf_counter() - self._begun):
            self.save()

    def save(self, state: checkpoint.State | None = None) -> None:
        """Write what is due, or this state; `last` comes last: once it stands, all up to its step stands too."""
        begin = perf_counter()
        self._last = state or self._last
        if self._last is not None:
            for table in self.folder.tables():
                table.sync()
            if self._best is not None:
                checkpoint.save(self.folder.best, self._best, data=self.data)
            checkpoint.save(self.folder.last, self._last, data=self.data)
        self._last = self._best = None
        self._spent += perf_counter() - begin
