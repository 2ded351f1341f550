"""What `dlab verify` found, in words and as JSON."""

from dataclasses import asdict
from math import isfinite
from typing import Any

from dlab.report.output import Output
from dlab.results.folder import RunFolder
from dlab.results.verification import CLOSE, EQUAL, Difference, Verdict


def show(run: RunFolder, found: Verdict, tolerance: float, output: Output) -> None:
    """The verdict last, before it what has changed since the run."""
    told = asdict(found) | {"folder": str(run.path), "tolerance": tolerance}
    if found.difference:
        told["difference"] = {name: _finite(value) for name, value in asdict(found.difference).items()}
    output.show(told, _changed(found.changed), _verdict(found, tolerance))


def _verdict(found: Verdict, tolerance: float) -> str:
    what = f"{found.rows} row{'s' * (found.rows > 1)}" + (" and the weights" if found.weights else "")
    if found.verdict == EQUAL or not found.difference:
        return f"equal: {what}, bit by bit"
    size = f" of {tolerance:g}" if found.verdict == CLOSE else ""
    return f"{found.verdict}{size}: {what} compared; first, {_place(found.difference)}"


def _place(first: Difference) -> str:
    where = "in the weights" if first.row is None else f"in row {first.row}"
    values = f"{_number(first.kept)} was kept, {_number(first.found)} was found"
    return f"{where} (step {first.step}), {first.column}: {values}"


def _number(value: float) -> str:
    return "nothing" if value != value else f"{value:.17g}"


def _changed(changes: dict[str, tuple[Any, Any]]) -> str:
    if not changes:
        return "versions, data, device and processor are those of the run"
    return "since the run: " + "; ".join(f"{name} {then} -> {now}" for name, (then, now) in changes.items())


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value
