"""What memory a run needs, worked out before any is taken."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from dlab import machine
from dlab.errors import EnvironmentFault
from dlab.kernels import Backend
from dlab.kernels.memory import hollow
from dlab.layout import LANES, volume
from dlab.nn.memory import WORKSPACE, Draft, Pool
from dlab.nn.network import Network
from dlab.nn.plan import ACTIVATIONS, GRADIENTS, Plan
from dlab.training.watch import SAMPLES

INFERENCE = 256_000_000  # bytes: inference takes fewer samples at a time where a layer's input and output need more
HERE = "data", "process"  # parts that are in memory when the plan is made
HOST = "process", "checkpoint"  # parts that are not on a device with memory of its own
NAMES = {ACTIVATIONS: "activations", GRADIENTS: "their gradients", WORKSPACE: "workspace of the kernels"}


@dataclass(frozen=True)
class Part:
    """One line of the memory plan: what for, and how many bytes; what sharing saves is negative."""

    name: str
    bytes: int


def inference_batch(network: Network, most: int) -> int:
    """Samples that inference takes at a time: `most`, or fewer for a network with large feature maps.

    Shapes alone decide, never the machine, since sums over a split are rounded batch by batch.
    """
    largest = max(4 * (volume(node.input) + volume(node.output)) for node in network.nodes)
    return min(most, max(LANES, INFERENCE // largest // LANES * LANES))


def pieces(samples: int, batch: int) -> list[int]:
    """The batch sizes that a split is cut into: full ones, and the rest."""
    return [size for size in (batch if samples >= batch else 0, samples % batch) if size]


class Memory:
    """The plans of a run, measured, and the memory they share; nothing is taken before the first is made."""

    def __init__(self, network: Network, ops: Backend, data: Any, spec: Any):
        self.network, self.ops, self.data, self.spec = network, ops, data, spec
        options, count = spec.train, len(data.train.x)
        self.batch = count if options.batch_size == "all" else min(options.batch_size, count)
        self.inference = inference_batch(network, options.eval_batch)
        self.splits = [split for split in (data.train, data.test, data.validation) if split is not None]
        self.streams = any(split.streams for split in self.splits)
        self._training = self._drafts(pieces(count, self.batch), training=True)
        self._inference = self._drafts([n for s in self.splits for n in pieces(len(s.x), self.inference)])
        self._pool = Pool([*self._training.values(), *self._inference.values()])

    def make(self, batch: int, training: bool, make: Callable[[], Plan]) -> Plan:
        """A plan in the shared memory: it may run while no other does."""
        return self._pool.make((self._training if training else self._inference)[batch], make)

    def parts(self) -> list[Part]:
        """The memory plan, line by line."""
        plans = [*self._lines("training", self._training), *self._lines("inference", self._inference)]
        shared = Part("less what is shared", self._pool.size - sum(part.bytes for part in plans))
        size = self.network.size * np.dtype(self.ops.dtype).itemsize
        states, data = self.spec.optimizer.states, sum(split.memory for split in self.splits)
        named = {
            "parameters": size,
            "their gradients": size,
            f"state of {self.spec.optimizer.type_name}": states * size,
            "watched layers": self._watched(size),
            # The last state, the one that takes its place, and the best parameters; what is written is no copy.
            "checkpoint": (2 * (1 + states) + 1) * size,
            "data": data,
            "process": max(0, machine.resident() - data),
        }
        return [*plans, shared, *(Part(name, count) for name, count in named.items() if count)]

    def check(self) -> None:
        """EnvironmentFault if the machine, or the GPU, has not as much memory as is still to be taken."""
        apart, of = (HOST, "the GPU's memory") if self.ops.apart else (HERE, "memory")
        parts, free = [part for part in self.parts() if part.name not in apart], self.ops.free_memory()
        wanted = sum(part.bytes for part in parts)
        if wanted > free:
            largest = sorted(parts, key=lambda part: -part.bytes)[:3]
            told = ", ".join(f"{part.name} {gigabytes(part.bytes)}" for part in largest)
            raise EnvironmentFault(
                f"training needs {gigabytes(wanted)} of {of} ({told}), and {gigabytes(free)} are free. "
                "Try a smaller train.batch_size or train.eval_batch; `dlab summary` shows the whole plan"
            )

    def _drafts(self, batches: Iterable[int], training: bool = False) -> dict[int, Draft]:
        return {batch: Draft(partial(self._plan, batch, training)) for batch in batches}

    def _plan(self, batch: int, training: bool) -> Plan:
        """A plan on parameters that are not there yet."""
        parameters, statistics = (
            hollow((n,), self.ops.dtype) for n in (self.network.size, self.network.statistics_size)
        )
        given = self.data.train, (1.0, 0.0), self.spec.loss, batch, parameters, statistics
        return Plan(self.network, self.ops, *given, parameters if training else None)

    def _lines(self, phase: str, drafts: dict[int, Draft]) -> list[Part]:
        """What the plan of the largest batch of a phase needs."""
        batch = max(drafts)
        sizes = {name: drafts[batch].total(kind) for kind, name in NAMES.items()}
        return [Part(f"{phase} of {batch}: {name}", size) for name, size in sizes.items() if size]

    def _watched(self, parameters: int) -> int:
        """Layers are watched by plans of their own, in which nothing is shared."""
        wanted, count = self.spec.train.watch, min(SAMPLES, len(self.data.train.x))
        looks = [(count, False)] * ("activations" in wanted) + [(min(self.batch, SAMPLES), True)] * (
            "gradients" in wanted
        )
        drafts = [Draft(partial(self._plan, *look)) for look in looks]
        return sum(need.size for draft in drafts for need in draft.needs) + parameters * ("gradients" in wanted)


def gigabytes(count: float) -> str:
    """Bytes as '1.24 GB'."""
    return f"{count / 1e9:.2f} GB"
