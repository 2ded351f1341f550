"""Where the time of a training step goes, kernel call by kernel call."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from dlab.kernels import Call
from dlab.nn.layers.shaping import Flatten
from dlab.nn.plan import Plan, Segment
from dlab.results.measured import CallRow
from dlab.studies.bench.timing import timed
from dlab.studies.bench.ways import DATA, FORWARD, WEIGHT

WARM_UP = 3
LEAST = 5  # steps that are measured, however long they take
COUNTED = ("convolution", "dense")  # operations whose calls do the layer's multiply-adds, once each


@dataclass(frozen=True)
class Times:
    """Seconds of whole steps, and of every call of the steps between them."""

    plan: Plan
    whole: list[float]
    calls: list[list[float]]

    @property
    def step(self) -> float:
        """Of a whole step, in which nothing is timed but the step."""
        return median(self.whole)


class Stopwatch:
    """A call that notes how long it takes until it is done."""

    def __init__(self, call: Call, wait: Call):
        self.call, self.wait = call, wait
        self.seconds: list[float] = []

    def __call__(self) -> None:
        self.seconds.append(timed(self.call, self.wait))


def measure(trainer: Any, seconds: float) -> Times:
    """Train on the first full batches; whole steps and steps that are timed call by call take turns."""
    full = max(1, trainer.batches.samples // trainer.batches.batch)
    for step in range(WARM_UP):
        _ready(trainer, step % full).run()
    plan = _ready(trainer, 0)
    watches = [Stopwatch(call, plan.ops.wait) for segment in plan.segments for call in segment.calls]
    watched = plan.ops.bracket(list(watches))
    whole: list[float] = []
    end = perf_counter() + seconds
    while len(whole) < LEAST or perf_counter() < end:
        step = 2 * len(whole)
        _ready(trainer, step % full)
        whole.append(timed(plan.run, plan.ops.wait))
        _ready(trainer, (step + 1) % full)
        for call in watched:
            call()
    return Times(plan, whole, [watch.seconds for watch in watches])


def _ready(trainer: Any, step: int) -> Plan:
    """The plan of a step, which may run at once."""
    plan = trainer.prepare(trainer.script.lines[0], step)
    trainer.script.open(1)
    return plan


def rows(times: Times, nodes: Any, fma_limit: float) -> list[CallRow]:
    """A row for every call, in the order in which they run; their shares sum to one."""
    seconds = [median(each) for each in times.calls]
    total, joined = sum(seconds), _joined(times.plan, nodes)
    work = {stage.node.name: _flops(stage, times.plan.batch) for stage in times.plan.stages}
    found = zip(_calls(times.plan), seconds, strict=True)
    return [_row(segment, call, joined, work, spent, total, fma_limit) for (segment, call), spent in found]


def _row(
    segment: Segment,
    call: Any,
    joined: dict[str, str],
    work: dict[str, int],
    seconds: float,
    total: float,
    fma_limit: float,
) -> CallRow:
    operation = getattr(call, "operation", "feedback")  # an optimizer's look at the loss is no kernel's call
    kernel = f"{operation} {getattr(call, 'function', '')}".strip()
    layer = segment.name if segment.name in work else ""
    flops = work.get(layer, 0) if operation in COUNTED else 0
    rate = flops / seconds / 1e9 if flops else None
    count = getattr(call, "nbytes", 0)
    place = layer, joined.get(layer, ""), _direction(segment, kernel), kernel
    share = rate / fma_limit if rate else None
    return CallRow(*place, seconds, seconds / total, flops, rate, share, count, count / seconds / 1e9)


def _calls(plan: Plan) -> Iterator[tuple[Segment, Call]]:
    return ((segment, call) for segment in plan.segments for call in segment.calls)


def _direction(segment: Segment, kernel: str) -> str:
    """Of the way back, what is not for the weights is for the data: pooling and activations too."""
    if segment.part == "backward":
        return WEIGHT if "weight" in kernel else DATA
    return FORWARD if segment.part == "forward" else segment.part


def _flops(stage: Any, batch: int) -> int:
    """Of each of the layer's directions for a whole batch."""
    return 2 * batch * stage.node.layer.multiply_adds(stage.node.input)


def _joined(plan: Plan, nodes: Any) -> dict[str, str]:
    """What each stage does besides its own layer: the layers that it absorbed, but for those that cost nothing."""
    starts = [stage.node.index for stage in plan.stages]
    return {
        stage.node.name: " + ".join(
            node.layer.type_name for node in nodes[begin + 1 : end] if not isinstance(node.layer, Flatten)
        )
        for stage, begin, end in zip(plan.stages, starts, [*starts[1:], None], strict=True)
    }
