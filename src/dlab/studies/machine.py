"""Runs the cells of a study: side by side, each once, and past those that fail."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import IO, Any

from dlab.results.records import CellCompiled, CellEnded, CellProgress, CellRemark, StudyRecord
from dlab.results.study import StudyFolder
from dlab.studies.pool import Worker

ENDED = ("done", "diverged")  # a cell that diverged would diverge again: that is its result


class Machine:
    """The cells that wait, the workers that run others, and the records of what happens.

    A cell starts only when all others have got past their compilation, so that no kernel is compiled twice.
    """

    def __init__(self, folder: StudyFolder, log: IO[str], jobs: int, threads: int, device: str | None = None):
        self.folder, self.log = folder, log
        self.threads, self.device = threads, device
        self.plan = folder.plan()
        self.waiting = deque(cell for cell in self.plan if folder.cell(cell.name).facts().get("status") not in ENDED)
        self.jobs = min(jobs, len(self.waiting))
        self._workers: list[Worker] = []
        self._dead: list[Worker] = []
        self._heard: SimpleQueue[tuple[Worker, dict[str, Any]]] = SimpleQueue()
        self._stopping = False

    def run(self) -> Iterator[StudyRecord]:
        """Run what has not ended yet, in the order of the plan."""
        with self._staff():
            self._assign()
            while any(worker.cell for worker in self._workers):
                worker, told = self._heard.get()
                yield from self._records(worker, told)
                self._assign()

    def stop(self) -> None:
        """Start no more cells, and let those that run save what they have."""
        self._stopping = True
        for worker in self._workers:
            worker.stop()

    @contextmanager
    def _staff(self) -> Iterator[None]:
        try:
            for _ in range(self.jobs):
                self._hire()
            yield
        except Exception:
            self.stop()
            raise
        except BaseException:  # a second Ctrl-C: what the cells have saved is enough
            self._kill()
            raise
        finally:
            for worker in self._workers + self._dead:
                worker.close()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()

    def _hire(self) -> None:
        like = self.folder.cell(self.waiting[0].name).path
        self._workers.append(Worker(self._heard, self.log, self.threads, like))

    def _assign(self) -> None:
        """Give a waiting cell to an idle worker, if nobody is compiling."""
        if self.waiting and not self._stopping and all(worker.begun for worker in self._workers):
            idle = [worker for worker in self._workers if worker.cell is None]
            if idle:
                cell = self.waiting.popleft()
                path = self.folder.cell(cell.name).path
                idle[0].order(cell, path, device=self.device, threads=self.threads)

    def _records(self, worker: Worker, told: dict[str, Any]) -> Iterator[StudyRecord]:
        kind, cell = told.pop("kind"), worker.cell
        if kind == "compiled":
            yield CellCompiled(cell.name if cell else "", **told)
        elif kind == "progress":
            worker.begun = True
            yield CellProgress(cell.name, **told)
        elif kind == "remark":
            yield CellRemark(cell.name, **told)
        elif kind == "end":
            worker.cell, worker.begun = None, True
            yield self._ended(cell.name, **told)
        elif kind == "dead":
            self._workers.remove(worker)
            self._dead.append(worker)
            if self.waiting and not self._stopping:
                self._hire()
            if cell:
                yield self._lost(cell.name, worker.obituary())

    def _lost(self, name: str, why: str) -> CellEnded:
        """The record of a cell whose process is dead."""
        if self._stopping:
            return self._ended(name, "interrupted", "")
        self.folder.cell(name).describe(status="failed", error=why)
        return self._ended(name, "failed", why)

    def _ended(self, name: str, status: str, error: str) -> CellEnded:
        facts = {cell.name: self.folder.cell(cell.name).facts() for cell in self.plan}
        ended = sum(fact.get("status") in (*ENDED, "failed") for fact in facts.values())
        return CellEnded(name, status, error, facts[name].get("final"), ended, len(self.plan))
