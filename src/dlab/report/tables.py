"""Tables for the terminal, each made from plain records."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from dlab.report import words
from dlab.report.fitted import Fitted
from dlab.results.folder import Folder, RunFolder
from dlab.results.records import Evaluation, score

ROWS = 20


def evaluations(rows: Sequence[Evaluation]) -> Table:
    """The rows of results.csv; of many, an even choice with the best and the last."""
    table = Fitted(("epoch>", "step>", "lr>", "train loss>", "train accuracy>", "test loss>", "test accuracy>", ""))
    best = min(range(len(rows)), key=lambda index: score(rows[index]), default=0)
    for index in thinned(len(rows), best):
        row = rows[index]
        losses = words.loss(row.train_loss), words.share(row.train_accuracy)
        tests = words.loss(row.test_loss), words.share(row.test_accuracy)
        style = "bold" if index == best else None
        table.add_row(
            str(row.epoch), str(row.step), f"{row.lr:g}", *losses, *tests, "best" if style else "", style=style
        )
    return table


def thinned(count: int, best: int) -> list[int]:
    """At most about ROWS of `count` indices, evenly spread, always with the best and the last."""
    if not count:
        return []
    stride = -(-count // ROWS)
    return sorted({*range(stride - 1, count, stride), best, count - 1})


def verdict(folder: RunFolder) -> Text:
    """How a run ended, in one or two lines: metrics, time, speed and where the files are."""
    facts = folder.facts()
    status = folder.status()
    lines = [f"{status}: {metrics(facts)}".rstrip(": ")]
    seconds, rate = facts.get("seconds"), facts.get("samples_per_second")
    if seconds is not None:
        lines.append(f"{words.duration(seconds)}" + (f", {rate:,.0f} samples/s in training" if rate else ""))
    if status == "interrupted":
        lines.append(go_on("train", folder))
    return Text("\n".join([*lines, str(folder.path)]))


def go_on(command: str, folder: Folder) -> str:
    """How to go on with a run or a study that was interrupted."""
    return f"go on with: dlab {command} --resume {shlex.quote(str(folder.path))}"


def metrics(facts: Mapping[str, Any]) -> str:
    """Final and best values of a run in one line."""
    final, best = facts.get("final") or {}, facts.get("best") or {}
    names = ("test_accuracy", "test_loss", "train_accuracy", "train_loss")
    name = next((name for name in names if final.get(name) is not None), None)
    if name is None:
        return ""
    say = words.share if name.endswith("accuracy") else words.loss
    told = f"{name.replace('_', ' ')} {say(final[name])}"
    if best.get(name) is not None:
        other = name.endswith("accuracy") and best["epoch"] != final["epoch"]
        value = say(best[name])
        told += f", {value} at the lowest loss (epoch {best['epoch']})" if other else f", best {value}"
    return told


def layers(rows: Iterable[Any]) -> Table:
    """A network layer by layer, with its totals."""
    found = list(rows)
    heads = ["layer", "kernel>", "stride>", "pad>", "activation", "output>", "parameters>"]
    heads += ["multiply-adds>", "receptive field>", "memory>"]
    table = Fitted(heads, ("memory", "receptive field", "pad", "stride"), footer=True)
    for row in found:
        options = [_blank(row.kernel), _blank(row.stride), _blank(row.pad), _blank(row.activation)]
        costs = [f"{row.parameters:,}", f"{row.multiply_adds:,}", _blank(row.receptive_field)]
        table.add_row(row.name, *options, words.shape(row.shape), *costs, words.size(row.memory_bytes))
    totals = totals_of(found)
    table.columns[0].footer = "total"
    table.columns[6].footer = f"{totals['parameters']:,}"
    table.columns[7].footer = f"{totals['multiply_adds']:,}"
    table.columns[9].footer = words.size(totals["memory_bytes"])
    return table


def remarks(notes: Iterable[str]) -> Text:
    """What a preset's author has to say to its table, a line each."""
    return Text("".join(f"- {note}\n" for note in notes))


def memory(parts: Iterable[Any]) -> Table:
    """What a run keeps in memory, part by part."""
    table, total = Fitted(("memory", "size>"), footer=True), 0
    for part in parts:
        table.add_row(part.name, words.size(part.bytes))
        total += part.bytes
    table.columns[0].footer, table.columns[1].footer = "total", words.size(total)
    return table


def totals_of(rows: Iterable[Any]) -> dict[str, int]:
    """Parameters, multiply-adds and activation bytes of one sample, over all layers."""
    found = list(rows)
    return {key: sum(getattr(row, key) for row in found) for key in ("parameters", "multiply_adds", "memory_bytes")}


def gradients(rows: Iterable[Any]) -> Table:
    """Backpropagation against differences, parameter by parameter."""
    table = Fitted(("parameters", "count>", "checked>", "largest error>", "backpropagation>", "differences>"))
    for row in rows:
        times = words.duration(row.backprop_seconds), words.duration(row.numerical_seconds)
        table.add_row(row.name, f"{row.parameters:,}", f"{row.checked:,}", f"{row.error:.1e}", *times)
    return table


def runs(glances: Iterable[Mapping[str, Any]]) -> Table:
    """One line per run or study."""
    table = Fitted(("command", "run", "status", "about", "result", "started", "time>"))
    for facts in glances:
        seconds = words.duration(facts["seconds"]) if "seconds" in facts else ""
        command, name = Path(facts["folder"]).parts[-2:]
        told = facts.get("about", ""), metrics(facts), facts.get("started", "")[:16].replace("T", " ")
        table.add_row(command, name, facts["status"], *told, seconds)
    return table


def pairs(items: Mapping[str, Any]) -> Table:
    """Names and values, without a header."""
    table = Fitted(("name", "value"))
    table.show_header = False
    for name, value in items.items():
        table.add_row(name, str(value))
    return table


def listing(heads: Sequence[str], lines: Iterable[Sequence[Any]], spare: Sequence[str] = ()) -> Table:
    """Lines of cells under their heads; a narrow terminal goes without the spare ones."""
    table = Fitted(heads, spare)
    for line in lines:
        table.add_row(*map(str, line))
    return table


def plain(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Records as JSON has them."""
    return [asdict(row) for row in rows if fields(row)]


def _blank(value: Any) -> str:
    return "" if value is None else str(value)
