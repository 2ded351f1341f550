"""What the layers of a network look like while it learns: outputs, gradients and weights (L3: X1, X2, X6).

All of it is measured on samples that stay the same, with plans, gradients and random numbers of its own, so a run that
is watched has the bits of one that is not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlab.kernels import Backend, Call
from dlab.layout import volume
from dlab.nn.layers.activations import Activation
from dlab.nn.layers.maxout import Maxout
from dlab.nn.network import Network, Node
from dlab.nn.plan import Plan
from dlab.results.records import Bin, Observation, Snapshot
from dlab.training.batches import Batches
from dlab.training.randomness import WATCH, key, stream

SAMPLES = 500  # at most so many are looked at
BINS = 30
NEAR = 0.05  # an output that is closer to a limit of its activation is saturated
HUGE = 1e300  # what is larger has no place in a histogram, nor have infinity and nan
SMALL = 1e-3  # a weight below it is as good as zero
Columns = Mapping[str, float | int | None]
Limits = tuple[float, float] | None
Values = tuple[str, str, np.ndarray, Limits]  # layer, kind, numbers, and what they never pass


@dataclass(frozen=True)
class Watched:
    """A layer with weights and the activation behind it, if there is one before the next layer with weights."""

    node: Node
    activation: Node | None

    @property
    def name(self) -> str:
        """What its rows are called."""
        return self.node.name

    @property
    def kind(self) -> str:
        """The activation's name, "" for none."""
        return self.activation.layer.type_name if self.activation else ""

    @property
    def end(self) -> Node:
        """Where its outputs are."""
        return self.activation or self.node

    @property
    def weight(self) -> tuple[str, str]:
        """The name of its weights among the network's parameters."""
        return self.name, next(key for key, parameter in self.node.parameters.items() if parameter.weight)

    @property
    def limits(self) -> Limits:
        """What its outputs never pass."""
        return getattr(self.end.layer, "limits", None)


def watched(nodes: Sequence[Node]) -> list[Watched]:
    """The layers of a network that are worth a row."""
    found: list[Watched] = []
    for node in nodes:
        if any(parameter.weight for parameter in node.parameters.values()):
            found.append(Watched(node, None))
        elif found and isinstance(node.layer, Activation | Maxout):
            found[-1] = Watched(found[-1].node, node)
    return found


class Outputs:
    """What the layers give in inference mode, for a fixed choice of training samples."""

    def __init__(self, plan: Plan, layers: Sequence[Watched]):
        self.plan, self.layers = plan, layers
        # An activation that has no stage of its own is absorbed by the last one before it.
        self.stages = [[s for s in plan.stages if s.node.index <= layer.end.index][-1] for layer in layers]

    def measure(self) -> list[Columns]:
        """Mean, deviation, zeros and saturation of each layer."""
        self.plan.script.play([self.plan])
        return [_outputs(y, layer.limits) for y, layer in zip(self._read(), self.layers, strict=True)]

    def values(self) -> list[Values]:
        """The outputs that were measured last."""
        pairs = zip(self.layers, self._read(), strict=True)
        return [(layer.name, "activations", y, layer.limits) for layer, y in pairs]

    def _read(self) -> list[np.ndarray]:
        return [self.plan.ops.read(stage.y.view(), self.plan.batch) for stage in self.stages]


class Gradients:
    """Root mean squares of what training computes on its first batch, and of noise that is sent the same way."""

    def __init__(self, plan: Plan, layers: Sequence[Watched], network: Network, gradients: np.ndarray, seed: int):
        self.plan, self.flat = plan, gradients
        plan.script.line.keys[:] = [key(seed, WATCH, number) for number in network.random]
        names = [stage.node.name for stage in plan.stages]
        views = network.views(gradients)
        self.gradients = [views[layer.weight] for layer in layers]
        self.places = [names.index(layer.name) for layer in layers]
        self.below = self.places[-1]  # the stages of the hidden layers
        self.signal = self._noise(seed) if self.below else []

    def measure(self) -> list[Columns]:
        """Weight gradient and signal of each layer."""
        self.plan.script.play([self.plan])
        self.plan.ops.fetch(self.flat)
        gradients = [_rms(gradient) for gradient in self.gradients]
        for call in self.signal:
            call()
        signals = [self._arriving(place) if place < self.below else None for place in self.places]
        pairs = zip(gradients, signals, strict=True)
        return [{"gradient_rms": gradient, "signal_rms": signal} for gradient, signal in pairs]

    def values(self) -> list[Values]:
        """Nothing: no histograms of gradients are drawn."""
        return []

    def _noise(self, seed: int) -> list[Call]:
        """Calls that feed noise in at the output of the last hidden layer, and send it down."""
        plan, top = self.plan, self.plan.stages[self.below - 1]
        noise = stream(seed, WATCH, 1).standard_normal((plan.batch, volume(top.output)), np.float32)
        feed = plan.ops.gather.pack(noise, np.arange(plan.batch), top.dy.view(), 1.0, 0.0)
        # Nobody above applies the derivative of the rectifier that this stage absorbed, so it does so itself.
        stages = [replace(top, gated=False), *reversed(plan.stages[: self.below - 1])]
        return plan.ops.bracket([feed, *(call for stage in stages for call in stage.layer.backward(stage))])

    def _arriving(self, place: int) -> float:
        return _rms(self.plan.ops.read(self.plan.stages[place].dy.view(), self.plan.batch))


class Weights:
    """The weights themselves."""

    def __init__(self, ops: Backend, layers: Sequence[Watched], network: Network, flat: np.ndarray):
        self.ops, self.flat, parameters = ops, flat, network.views(flat)
        self.weights = {layer.name: layer.node.layer.by_unit(parameters[layer.weight]) for layer in layers}

    def measure(self) -> list[Columns]:
        """Spread, norms, small ones and different units of each layer."""
        self.ops.fetch(self.flat)
        return [_weights(w) for w in self.weights.values()]

    def values(self) -> list[Values]:
        """All weights."""
        return [(name, "weights", w, None) for name, w in self.weights.items()]


class Watch:
    """Looks at the layers of a network, in the ways that the spec lists; by default in none, and then it costs nothing.

    `plan(samples, batch[, gradients])` makes a plan on `parameters`; with `aside`, one that leaves no trace elsewhere.
    """

    def __init__(
        self,
        plan: Callable[..., Plan],
        network: Network,
        ops: Backend,
        samples: Any,
        batches: Batches,
        parameters: np.ndarray,
        options: Any,
    ):
        self.layers = watched(network.nodes)
        self.kinds: list[Outputs | Gradients | Weights] = []
        wanted = options.watch if self.layers else ()
        if "activations" in wanted:
            rows = stream(options.seed, WATCH, 0).permutation(len(samples.x))[:SAMPLES]
            self.kinds.append(Outputs(_set(plan(samples, len(rows)), rows), self.layers))
        if "gradients" in wanted:
            gradients, rows = ops.zeros((network.size,)), batches.rows(0)[:SAMPLES]
            made = _set(plan(samples, len(rows), gradients, aside=True), rows)
            self.kinds.append(Gradients(made, self.layers, network, gradients, options.seed))
        if "weights" in wanted:
            self.kinds.append(Weights(ops, self.layers, network, parameters))

    def look(self, step: int, whole: bool) -> list[Snapshot]:
        """What there is to see now, with histograms if it is to be whole; nothing if nothing is watched."""
        if not self.kinds:
            return []
        with np.errstate(over="ignore", invalid="ignore"):  # what explodes is told, and stops nothing
            columns = zip(*(kind.measure() for kind in self.kinds), strict=True)
            rows = [_row(step, layer, found) for layer, found in zip(self.layers, columns, strict=True)]
            return [Snapshot(tuple(rows), tuple(self._bins(step)) if whole else ())]

    def _bins(self, step: int) -> Iterator[Bin]:
        for kind in self.kinds:
            for layer, name, values, limits in kind.values():
                yield from _histogram(step, layer, name, values, limits)


def _set(plan: Plan, rows: np.ndarray) -> Plan:
    plan.rows[:] = rows
    return plan


def _row(step: int, layer: Watched, columns: Iterable[Columns]) -> Observation:
    together: dict[str, Any] = {name: value for found in columns for name, value in found.items()}
    return Observation(step, layer.name, layer.kind, **together)


def _outputs(y: np.ndarray, limits: Limits) -> Columns:
    saturated = None if limits is None else np.mean((y < limits[0] + NEAR) | (y > limits[1] - NEAR))
    mean, deviation = y.mean(dtype=np.float64), y.std(dtype=np.float64)
    return {
        "output_mean": mean,
        "output_std": deviation,
        "output_zeros": np.mean(y == 0),
        "output_saturated": saturated,
    }


def _weights(w: np.ndarray) -> Columns:
    size = np.abs(w, dtype=np.float64)
    return {
        "weight_std": w.std(dtype=np.float64),
        "weight_l1": size.sum(),
        "weight_l2": np.sqrt((size * size).sum()),
        "weight_small": np.mean(size < SMALL),
        "weight_units": len({unit.tobytes() for unit in w + 0.0}),  # 0.0 makes the two zeros one
    }


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _range(values: np.ndarray) -> tuple[float, float]:
    """From the smallest to the largest, or some room around a single value."""
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    room = 0.5 * max(abs(low), 1.0)
    return (low, high) if high - low > 1e-6 * room else (low - room, high + room)


def _histogram(step: int, layer: str, kind: str, values: np.ndarray, limits: Limits) -> Iterator[Bin]:
    finite = values[np.abs(values) < HUGE].astype(np.float64)
    counts, edges = np.histogram(finite, BINS, limits or _range(finite))
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        yield Bin(step, layer, kind, float(low), float(high), int(count))
