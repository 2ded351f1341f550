"""Progress of a run: a bar on a terminal, one dated line per evaluation anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from dlab.report import tables, words
from dlab.report.output import Output, console
from dlab.results import durable, records
from dlab.results.folder import RunFolder
from dlab.results.records import (
    CellCompiled,
    CellEnded,
    CellProgress,
    CellRemark,
    Evaluation,
    Finished,
    Record,
    Remark,
    StudyRecord,
    Timing,
)

REFRESH = 0.1


class Reporter(Protocol):
    """What follows a run."""

    def see(self, record: Record) -> None: ...

    def compiled(self, name: str, done: int, seconds: float) -> None: ...


class Warnings:
    """Nothing but what must be known."""

    def __init__(self, console: Console):
        self._console = console

    def see(self, record: Record) -> None:
        if isinstance(record, Remark):
            self._console.print(f"Warning: {record.text}")

    def compiled(self, name: str, done: int, seconds: float) -> None:
        pass


class Lines(Warnings):
    """A dated line for every evaluation, one for the first compilation and one for the end."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._row: Evaluation | None = None
        self._steps = 0

    def see(self, record: Record) -> None:
        if isinstance(record, records.Progress):
            self._steps = record.steps
        elif isinstance(record, Evaluation):
            self._row = record
        elif isinstance(record, Timing) and self._row:
            self._say(f"{evaluation(self._row, self._steps)}  {record.samples_per_second:,.0f} samples/s")
        elif isinstance(record, Finished):
            self._say(f"{record.reason} at step {record.step}")
        super().see(record)

    def compiled(self, name: str, done: int, seconds: float) -> None:
        if done == 1:
            self._say("compiling kernels, once: this takes a moment, and later runs start at once")

    def _say(self, text: str) -> None:
        self._console.print(f"{time.strftime('%H:%M:%S')}  {text}")


class Live:
    """One line at the foot of the terminal, redrawn now and then: a description, a bar and a state."""

    def __init__(self, console: Console, title: str, total: int | None = None):
        words = "{task.description}", "{task.fields[state]}"
        description, state = (TextColumn(text, markup=False) for text in words)
        # No thread of its own: the cores are there for the training.
        self._bar = Progress(description, BarColumn(24), state, console=console, auto_refresh=False)
        self._task = self._bar.add_task(title, total=total, state="")
        self._drawn = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        self._bar.refresh()
        return self

    def __exit__(self, *fault: object) -> None:
        self._bar.remove_task(self._task)
        self._bar.stop()

    def _draw(self, **what: Any) -> None:
        self._drawn = time.monotonic()
        self._bar.update(self._task, **what)
        self._bar.refresh()


class Bar(Live):
    """A bar with the state of the training, above it one line per evaluation."""

    def __init__(self, console: Console):
        super().__init__(console, "starting")
        self._warnings = Warnings(self._bar.console)
        self._first: tuple[float, int] | None = None
        self._steps = 0

    def see(self, record: Record) -> None:
        if isinstance(record, records.Progress):
            self._advance(record)
        elif isinstance(record, Evaluation):
            self._bar.console.print(evaluation(record, self._steps))
        self._warnings.see(record)

    def compiled(self, name: str, done: int, seconds: float) -> None:
        self._draw(description="compiling kernels, once:", state=f"{done} done, {name} {seconds:.1f} s")

    def _advance(self, now: records.Progress) -> None:
        self._steps = now.steps
        clock = time.monotonic()
        self._first = self._first or (clock, now.step)
        if clock - self._drawn < REFRESH and now.step < now.steps:
            return
        state = f"step {now.step}/{now.steps}  {now.rate:,.0f} samples/s  {self._left(clock, now)}  {_figures(now)}"
        self._draw(description=f"epoch {now.epoch}", completed=now.step, total=now.steps, state=state)

    def _left(self, clock: float, now: records.Progress) -> str:
        begun, step = self._first or (clock, now.step)
        if now.step == step:
            return "time left: ?"
        return f"{words.duration((clock - begun) / (now.step - step) * (now.steps - now.step))} left"


class Several:
    """Tells every one of its reporters."""

    def __init__(self, *reporters: Reporter):
        self._reporters = reporters

    def see(self, record: Record) -> None:
        for reporter in self._reporters:
            reporter.see(record)

    def compiled(self, name: str, done: int, seconds: float) -> None:
        for reporter in self._reporters:
            reporter.compiled(name, done, seconds)


class StudyLines:
    """A dated line for every cell that ends, and one where kernels have to be compiled."""

    def __init__(self, *consoles: Console):
        self._consoles = consoles
        self._compiled = False

    def see(self, record: StudyRecord) -> None:
        if isinstance(record, CellEnded):
            said = record.error or tables.metrics({"final": record.final})
            self._say(f"{record.ended}/{record.cells}  {record.cell}  {record.status}  {said}".rstrip())
        elif isinstance(record, CellRemark):
            self._say(f"{record.cell}  Warning: {record.text}")
        elif isinstance(record, CellCompiled) and not self._compiled:
            self._compiled = True
            self._say("compiling kernels, once: this takes a moment, and later runs start at once")

    def _say(self, text: str) -> None:
        for shown in self._consoles:
            shown.print(f"{time.strftime('%H:%M:%S')}  {text}")


class StudyBar(Live):
    """One bar for all cells, with the steps of those that run, and the lines of those that ended above it."""

    def __init__(self, console: Console, cells: int):
        super().__init__(console, "cells", total=cells)
        self._running: dict[str, str] = {}
        self._lines = StudyLines(self._bar.console)

    def see(self, record: StudyRecord) -> None:
        if isinstance(record, CellProgress):
            self._running[record.cell] = f"{record.cell} {record.step}/{record.steps}"
        elif isinstance(record, CellCompiled):
            self._running[record.cell] = f"{record.cell} compiling kernels, once: {record.count} done"
        elif isinstance(record, CellRemark):
            self._lines.see(record)
        elif isinstance(record, CellEnded):
            self._running.pop(record.cell, None)
            self._lines.see(record)
            self._bar.update(self._task, completed=record.ended)
        if time.monotonic() - self._drawn >= REFRESH or isinstance(record, CellEnded):
            self._draw(state="  ".join(self._running.values()))


def evaluation(row: Evaluation, steps: int) -> str:
    """One evaluation as one line."""
    parts = [f"epoch {row.epoch}", f"step {row.step}" + (f"/{steps}" if steps else "")]
    parts += [f"loss {words.loss(row.train_loss)}", f"accuracy {words.share(row.train_accuracy)}"]
    parts += [f"test loss {words.loss(row.test_loss)}", f"test accuracy {words.share(row.test_accuracy)}"]
    return "  ".join(part for part in parts if not part.endswith(" "))


@contextmanager
def following(output: Output) -> Iterator[Reporter]:
    """The reporter that suits the output, for as long as the block lasts."""
    if output.live:
        with Bar(output.err) as bar:
            yield bar
    else:
        yield Warnings(output.err) if output.quiet else Lines(output.err)


@contextmanager
def following_study(output: Output, log: IO[str], cells: int) -> Iterator[Callable[[StudyRecord], None]]:
    """Shows the cells of a study as suits the output, and writes them to its log."""
    kept = StudyLines(console(log))  # type: ignore[arg-type]

    def both(record: StudyRecord) -> None:
        kept.see(record)
        shown.see(record)

    if output.live:
        with StudyBar(output.err, cells) as shown:
            yield both
    else:
        shown = StudyLines(*([] if output.quiet else [output.err]))  # type: ignore[assignment]
        yield both


@contextmanager
def logged(folder: RunFolder, shown: Reporter) -> Iterator[Reporter]:
    """A reporter that also writes the plain lines to the run's log."""
    with durable.open_log(folder.log) as log:
        yield Several(Lines(console(log)), shown)


def _figures(now: records.Progress) -> str:
    accuracy = f"  accuracy {words.share(now.accuracy)}" if now.accuracy is not None else ""
    return f"loss {words.loss(now.loss)}{accuracy}"
