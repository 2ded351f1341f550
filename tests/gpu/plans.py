"""What a GPU would be asked to do: the launches of whole plans, on a device that only writes them down."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlab import kernels
from dlab.data.samples import Samples
from dlab.kernels import gpu
from dlab.nn.network import Network
from dlab.nn.plan import Plan
from dlab.registry import LAYERS, LOSSES, OPTIMIZERS, PRESETS

STUDY = {"hidden": (100, 100, 100, 100, 100)}
NETWORKS = {  # preset, its options, shape of a sample, classes, batch
    "lenet": ("lenet", {"activation": "relu"}, (1, 28, 28), 10, 128),
    "simple convnet": ("simple_convnet", {}, (1, 28, 28), 10, 100),
    "deep convnet": ("deep_convnet", {}, (1, 28, 28), 10, 100),
    "alexnet": ("alexnet", {}, (3, 227, 227), 1000, 128),
    "alexnet as published": ("alexnet", {"groups": 2, "lrn": True}, (3, 227, 227), 1000, 128),
    "mlp of the studies": ("mlp", STUDY, (1, 28, 28), 10, 128),
    "mlp with batch normalisation": (
        "mlp",
        {**STUDY, "normalize": "batch", "activation": "tanh"},
        (1, 28, 28),
        10,
        128,
    ),
    "mlp with dropout": ("mlp", {**STUDY, "dropout": 0.2, "activation": "sigmoid"}, (1, 28, 28), 10, 128),
}
PENALTIES = 0.0, 0.01, 0.0, 2.0


class Recorder:
    """A device without memory that runs nothing and keeps all launches; a row of memory is its number type."""

    name, number = "recorder", 0

    def __init__(self):
        self.launches: list[Any] = []

    def take(self, content: np.ndarray, offset: int) -> None:
        """No memory."""

    def row(self, twin: None, start: int, count: int, kind: np.dtype) -> np.dtype:
        """What the numbers are."""
        return kind

    def together(self, launches: Sequence[Any]) -> Any:
        """Write them down."""
        self.launches += launches
        return lambda: None

    def free_memory(self) -> int:
        """Any."""
        return 2**62

    def facts(self) -> dict[str, str]:
        """Nothing."""
        return {}


class Arrays(NamedTuple):
    """What a plan is made on."""

    parameters: np.ndarray
    statistics: np.ndarray
    gradients: np.ndarray


def of(name: str) -> tuple[Network, int]:
    """A network of NETWORKS and its batch."""
    preset, options, shape, classes, batch = NETWORKS[name]
    return Network(PRESETS[preset](**options).layers(shape, classes), shape), batch


def launches(network: Network, batch: int, optimizer: Any = None) -> list[Any]:
    """All launches of a training step and of an evaluation; the optimizer is momentum unless another is given."""
    recorder = Recorder()
    gpu.use(recorder)
    ops = kernels.backend("cuda")
    rule = optimizer or OPTIMIZERS["momentum"]()
    arrays = Arrays(*(ops.zeros((size,)) for size in (network.size, network.statistics_size, network.size)))
    script = ops.script(batch, len(network.random), len(rule.coefficients(1)))
    classes = network.output[0]
    x, labels = np.zeros((batch, *network.shape), np.uint8), np.arange(batch, dtype=np.int32) % classes
    data = Samples(x=x, labels=labels, targets=np.zeros((batch, classes), np.float32))
    plan(network, ops, data, batch, arrays, update(ops, network, arrays, rule, script), script)
    plan(network, ops, data, batch, arrays._replace(gradients=None), [], script)
    return recorder.launches


def update(ops: Any, network: Network, arrays: Arrays, rule: Any, script: Any) -> list[Any]:
    """Clip, penalties and the optimizer's pass."""
    w, g, given = arrays.parameters, arrays.gradients, (network.weights, *PENALTIES)
    states = [ops.zeros((network.size,)) for _ in rule.start()]
    return [
        ops.update.clip(g, 1.0),
        ops.update.penalty(w, *given, script.score[2:]),
        ops.update.apply(rule.rule, w, g, states, script.line.coefficients, *given),
    ]


def plan(network: Network, ops: Any, data: Samples, batch: int, arrays: Arrays, calls: Any, script: Any = None) -> Plan:
    """A plan for bytes with labels; all its calls are launches on a GPU if one is."""
    given = data, (1 / 255, 0.0), LOSSES["softmax_ce"](), batch, arrays.parameters, arrays.statistics
    made = Plan(network, ops, *given, arrays.gradients, calls, script)
    strangers = [part for part in made.segments if not all(hasattr(call, "launches") for call in part.calls)]
    assert ops.name != "cuda" or not strangers
    return made


def layers(*entries: Any) -> tuple[Any, ...]:
    """Layers from names, or tuples of a name and options."""
    return tuple(LAYERS[name](*options) for name, *options in ((e,) if isinstance(e, str) else e for e in entries))
