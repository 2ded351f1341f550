"""What a spec would do, told without doing it."""

from dataclasses import asdict
from typing import Any

from dlab.assemble import grad_check, outline
from dlab.report import tables, words
from dlab.report.output import Output


def summary(spec: Any, output: Output) -> None:
    """The network layer by layer."""
    rows = outline(spec)
    output.show({"layers": [asdict(row) for row in rows], **tables.totals_of(rows)}, tables.layers(rows))


def plan(spec: Any, output: Output) -> None:
    """Network, data, steps and memory of a run."""
    rows, data = outline(spec), spec.data.load(spec.train.seed)
    facts = _facts(spec, data, tables.totals_of(rows))
    told = facts | {"memory": words.size(facts["memory"]), "classes": facts["classes"] or "none: regression"}
    output.show({"layers": [asdict(row) for row in rows], **facts}, tables.layers(rows), tables.pairs(told))


def _facts(spec: Any, data: Any, totals: dict[str, int]) -> dict[str, Any]:
    samples, options = len(data.train.x), spec.train
    batch = samples if options.batch_size == "all" else min(options.batch_size, samples)
    # Every value has a gradient, every parameter a gradient and the optimizer's states, all float32.
    training = 2 * totals["memory_bytes"] * batch + 4 * totals["parameters"] * (2 + spec.optimizer.states)
    kept = [split for split in (data.train, data.test) if split is not None]
    return {
        "data": data.name,
        "training samples": samples,
        "test samples": len(data.test.x) if data.test else 0,
        "classes": len(data.classes) if data.classes else None,
        "optimizer": spec.optimizer.type_name,
        "batch size": batch,
        "steps": options.iterations or options.epochs * -(-samples // batch),
        "memory": training + sum(split.memory for split in kept),
    }


def gradients(spec: Any, output: Output) -> None:
    """Backpropagation against differences."""
    rows = grad_check(spec)
    output.show({"gradients": [asdict(row) for row in rows]}, tables.gradients(rows))
