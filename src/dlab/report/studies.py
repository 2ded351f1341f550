"""The report of a study, read from its folder alone: a table, sentences, summary.md and the figures."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from dlab.report import tables, verdicts, words
from dlab.report.output import Output
from dlab.results import durable, summary
from dlab.results.statistics import Spread
from dlab.results.study import StudyFolder
from dlab.results.summary import Row, Summary


def show(folder: StudyFolder, output: Output, plots: bool) -> None:
    """Print what a study has come to, and keep it: summary.csv, summary.md, results.csv and, if asked, its figures."""
    found = summary.write(folder)
    lines = verdicts.sentences(found)
    durable.replace(folder.path / "summary.md", _markdown(folder, found, lines).encode())
    if plots:
        _draw(folder, output)
    facts = {"folder": str(folder.path), **folder.facts(), "status": folder.status()}
    last = [tables.go_on(folder.path.parent.name, folder)] if facts["status"] == "interrupted" else []
    told = {**facts, **asdict(found), "sentences": lines}
    output.show(told, table(found), Text("\n".join([*lines, *last, str(folder.path)])))


def table(found: Summary) -> Table:
    """One line a variant."""
    heads, cells = _cells(found)
    return tables.listing(heads, cells, spare=("train accuracy", "time"))


def _draw(folder: StudyFolder, output: Output) -> None:
    """Draw every figure; one that fails is a warning."""
    from dlab.report import figures

    try:
        figures.draw(folder)
    except Exception as fault:  # whatever it is, the results are there
        output.warn(f"no picture: {fault}")


Column = tuple[str, Callable[[Row], str], bool]  # its head, its cells, whether it says anything here


def _cells(found: Summary) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table; columns that would say nothing are left out."""
    rows = found.rows
    kinds = [k for k in ("train_accuracy", "validation_accuracy", "test_accuracy") if any(r.final[k] for r in rows)]
    kinds = kinds or [kind for kind in ("train_loss", "test_loss") if any(row.final[kind] for row in rows)]
    columns: list[Column] = [("variant", lambda row: row.variant, True), ("seeds>", _seeds, True)]
    columns += [(f"{kind.replace('_', ' ')}>", _final(kind), True) for kind in kinds]
    compared = any(row.difference for row in rows)
    columns += [
        (f"step to {words.share(found.target)}>", _reached, found.target is not None),
        ("time>", lambda row: words.duration(row.seconds.mean) if row.seconds else "", True),
        (f"against {found.baseline}>", lambda row: verdicts.difference(row, found), compared),
    ]
    shown = [column for column in columns if column[2]]
    return [head for head, _, _ in shown], [[cell(row) for _, cell, _ in shown] for row in rows]


def _seeds(row: Row) -> str:
    ends = {"diverged": row.diverged, "failed": row.failed, "not run": row.cells - row.done - row.diverged - row.failed}
    return ", ".join([str(row.done), *(f"{count} {end}" for end, count in ends.items() if count)])


def _final(kind: str) -> Callable[[Row], str]:
    return lambda row: spread(row.final[kind], kind)


def spread(found: Spread | None, kind: str) -> str:
    """Mean and deviation in the units of the kind."""
    if found is None:
        return "–"
    if not kind.endswith("accuracy"):
        return words.loss(found.mean) + (f" ± {found.deviation:.1g}" if found.deviation is not None else "")
    return f"{100 * found.mean:.2f}" + (f" ± {100 * found.deviation:.2f} %" if found.deviation is not None else " %")


def _reached(row: Row) -> str:
    if row.steps is None:
        return "not reached"
    seconds = f" in {words.duration(row.seconds_to_target.mean)}" if row.seconds_to_target else ""
    return f"{row.steps.mean:,.0f}{seconds}" + (f" ({row.reached} of {row.cells})" if row.reached < row.cells else "")


def _markdown(folder: StudyFolder, found: Summary, lines: Sequence[str]) -> str:
    heads, cells = _cells(found)
    names = [head.rstrip(">") for head in heads]
    rules = ["---:" if head.endswith(">") else "---" for head in heads]
    rows = [names, rules, *cells]
    facts: dict[str, Any] = folder.facts()
    about = f"{facts.get('about', '')}; mean ± standard deviation over the seeds, at the last step."
    pieces = [f"# {folder.path.name}", about, "\n".join(f"| {' | '.join(row)} |" for row in rows)]
    return "\n\n".join([*pieces, "\n".join(f"- {line}" for line in lines)]) + "\n"
