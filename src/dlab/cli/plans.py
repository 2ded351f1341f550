"""What a spec would do, told without doing it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dlab.assemble import grad_check, memory, outline
from dlab.report import tables, words
from dlab.report.output import Output


def summary(spec: Any, output: Output) -> None:
    """The network layer by layer, and the memory that training it takes."""
    rows, parts = outline(spec), memory(spec)
    told = {"layers": [asdict(row) for row in rows], **tables.totals_of(rows), "memory": _memory(parts)}
    notes = spec.model.preset.notes if spec.model.preset else ()
    remarks = [tables.remarks(notes)] if notes else []
    output.show(told | {"notes": notes}, tables.layers(rows), *remarks, tables.memory(parts))


def plan(spec: Any, output: Output) -> None:
    """Network, data, steps and memory of a run."""
    rows, facts = outline(spec), _facts(spec)
    told = facts | {"memory": words.size(facts["memory"]), "classes": facts["classes"] or "none: regression"}
    output.show({"layers": [asdict(row) for row in rows], **facts}, tables.layers(rows), tables.pairs(told))


def _memory(parts: Sequence[Any]) -> dict[str, int]:
    """Bytes by name, and in all."""
    return {part.name: part.bytes for part in parts} | {"total": sum(part.bytes for part in parts)}


def _facts(spec: Any) -> dict[str, Any]:
    data, options = spec.data.load(spec.train.seed), spec.train
    samples = len(data.train.x)
    batch = samples if options.batch_size == "all" else min(options.batch_size, samples)
    return {
        "data": data.name,
        "training samples": samples,
        "test samples": len(data.test.x) if data.test else 0,
        "classes": len(data.classes) if data.classes else None,
        "optimizer": spec.optimizer.type_name,
        "batch size": batch,
        "steps": options.iterations or options.epochs * -(-samples // batch),
        "memory": _memory(memory(spec))["total"],
    }


def gradients(spec: Any, output: Output) -> None:
    """Backpropagation against differences."""
    rows = grad_check(spec)
    output.show({"gradients": [asdict(row) for row in rows]}, tables.gradients(rows))
