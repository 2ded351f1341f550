"""What a study's cells come to: one row a variant, differences to the baseline, and which variant is best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from dlab.results import durable, statistics
from dlab.results.records import Evaluation
from dlab.results.statistics import Difference, Spread
from dlab.results.study import Outcome, StudyFolder

METRICS = ("test_accuracy", "test_loss", "train_accuracy", "train_loss")
SHOWN = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True)
class Row:
    """One variant over its seeds: how its cells ended, and the spread of their final values.

    `steps` and `seconds` are to the target accuracy, over the `reached` cells that got there;
    `difference` is to the baseline, in the study's metric, over the seeds that both have.
    """

    variant: str
    labels: tuple[str, ...]
    cells: int
    done: int
    diverged: int
    failed: int
    final: dict[str, Spread | None]
    reached: int
    steps: Spread | None
    seconds_to_target: Spread | None
    seconds: Spread | None
    difference: Difference | None


@dataclass(frozen=True)
class Summary:
    """All variants of a study.  `metric` is what they are compared by, `choice` what the best is chosen by."""

    metric: str
    choice: str
    baseline: str
    target: float | None
    rows: list[Row]
    best: Row | None
    errors: dict[str, str]  # why cells failed, by their names


def summarise(folder: StudyFolder) -> Summary:
    """The summary of a study's folder, whatever of it has run."""
    outcomes, facts = folder.outcomes(), folder.facts()
    names = list(dict.fromkeys(outcome.cell.variant for outcome in outcomes))
    groups = {name: [o for o in outcomes if o.cell.variant == name] for name in names}
    metric = next((name for name in METRICS if _known(outcomes, name)), "train_loss")
    split, _, kind = metric.partition("_")
    validated = all(_known(group, f"validation_{kind}") for group in groups.values())
    choice = f"validation_{kind}" if validated else f"{split}_{kind}"
    baseline, target = facts.get("baseline") or (names[0] if names else ""), facts.get("target")
    differences = _differences(groups, baseline, metric)
    rows = [_row(name, group, target, differences.get(name)) for name, group in groups.items()]
    errors = {outcome.cell.name: outcome.error for outcome in outcomes if outcome.error}
    return Summary(metric, choice, baseline, target, rows, _best(rows, choice), errors)


def write(folder: StudyFolder) -> Summary:
    """Put summary.csv in place, a row a variant; and results.csv, timing.csv and layers.csv, the rows of all cells."""
    summary = summarise(folder)
    outcomes = folder.outcomes()
    durable.replace(folder.path / "summary.csv", _summary_csv(summary).encode())
    for name in ("results.csv", "timing.csv", "layers.csv"):
        if text := _together(folder, outcomes, name):
            durable.replace(folder.path / name, text.encode())
    return summary


def value(row: Evaluation, name: str) -> float | None:
    """A column of a row of results.csv, None where it has none."""
    found = getattr(row, name, None)
    return found if found is None or isfinite(found) else None


def _known(outcomes: Sequence[Outcome], name: str) -> bool:
    return any(value(outcome.rows[-1], name) is not None for outcome in outcomes if outcome.rows)


def _final(outcome: Outcome, name: str) -> float | None:
    return value(outcome.rows[-1], name) if outcome.status == "done" and outcome.rows else None


def _row(name: str, group: list[Outcome], target: float | None, difference: Difference | None) -> Row:
    def over(measure: Callable[[Outcome], float | None]) -> Spread | None:
        found = (measure(outcome) for outcome in group)
        return statistics.spread([number for number in found if number is not None])

    status = [outcome.status for outcome in group]
    steps = over(lambda outcome: _step_to(outcome, target))
    return Row(
        variant=name,
        labels=group[0].cell.labels,
        cells=len(group),
        done=status.count("done"),
        diverged=status.count("diverged"),
        failed=status.count("failed"),
        final={kind: over(lambda outcome, kind=kind: _final(outcome, kind)) for kind in SHOWN},  # type: ignore[misc]
        reached=steps.n if steps else 0,
        steps=steps,
        seconds_to_target=over(lambda outcome: outcome.seconds.get(_step_to(outcome, target) or -1)),
        seconds=over(lambda outcome: max(outcome.seconds.values(), default=None)),
        difference=difference,
    )


def _step_to(outcome: Outcome, target: float | None) -> int | None:
    """The first step whose test accuracy is at least the target."""
    if target is None:
        return None
    return next((row.step for row in outcome.rows if (row.test_accuracy or 0.0) >= target), None)


def _differences(groups: dict[str, list[Outcome]], baseline: str, metric: str) -> dict[str, Difference]:
    """Of every variant to the baseline, over the seeds that both have finished."""
    own = {o.cell.seed: _final(o, metric) for o in groups.get(baseline, [])}
    found: dict[str, Difference] = {}
    for name, group in groups.items():
        pairs = [(_final(o, metric), own.get(o.cell.seed)) for o in group]
        both = [(mine, other) for mine, other in pairs if mine is not None and other is not None]
        if name != baseline and both:
            difference = statistics.difference(*zip(*both, strict=True))
            found |= {name: difference} if difference else {}
    return statistics.holm(found)


def _best(rows: list[Row], choice: str) -> Row | None:
    known = [(found.mean, row) for row in rows if (found := row.final[choice])]
    pick = max if choice.endswith("accuracy") else min
    return pick(known, key=lambda pair: pair[0])[1] if known else None


def _summary_csv(summary: Summary) -> str:
    """Numbers only, no times: the same bytes on every machine."""
    kinds = [kind for kind in SHOWN if any(row.final[kind] for row in summary.rows)]
    heads = [
        "variant",
        "cells",
        "done",
        "diverged",
        "failed",
        *(f"{kind}{end}" for kind in kinds for end in ("", "_std")),
    ]
    heads += ["reached_target", "steps_to_target", "difference", "difference_low", "difference_high", "p"]
    lines = [",".join(heads)]
    for row in summary.rows:
        numbers: list[Any] = [row.cells, row.done, row.diverged, row.failed]
        for kind in kinds:
            found = row.final[kind]
            numbers += [found.mean, found.deviation] if found else [None, None]
        gap = row.difference
        numbers += [row.reached if summary.target else None, row.steps.mean if row.steps else None]
        numbers += [gap.mean, gap.low, gap.high, gap.p] if gap else [None] * 4
        lines.append(",".join([row.variant, *("" if number is None else repr(number) for number in numbers)]))
    return "\n".join(lines) + "\n"


def _together(folder: StudyFolder, outcomes: list[Outcome], name: str) -> str:
    """The rows of all cells under one header, with the variant and the seed in front; "" where no cell has any."""
    header, lines = "", []
    for outcome in outcomes:
        path = folder.cell(outcome.cell.name).path / name
        head, *rows = path.read_text(encoding="utf-8").splitlines() if path.exists() else [""]
        header = max(header, head, key=len)
        lines += [f"{outcome.cell.variant},{outcome.cell.seed},{row}" for row in rows]
    width = header.count(",") + 2
    padded = (line + "," * (width - line.count(",")) for line in lines)
    return "\n".join([f"variant,seed,{header}", *padded]) + "\n" if header else ""
