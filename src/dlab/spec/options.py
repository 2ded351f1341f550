"""The parts of a spec that are options of dlab itself; all others come from the registries."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MultipleOf

from dlab.machine import DEVICES
from dlab.spec.compare import Seed

Count = Annotated[int, Ge(1), Le(1_000_000_000)]
Penalty = Annotated[float, Ge(0)]
Device: Any = Literal[DEVICES]
Threads = Annotated[int, Ge(1), Le(1024)]


@dataclass(frozen=True)
class Regularize:
    """Penalties on weights, never on biases: l1 sum |w| + l2/2 sum w^2 + lp/p sum |w|^p.

    source: L3 (T28, errata E51, E52)
    """

    l1: Penalty = 0.0
    l2: Penalty = 0.0
    lp: Penalty = 0.0
    p: Annotated[float, Gt(1), Le(16), MultipleOf(0.5)] = 3.0


@dataclass(frozen=True)
class EarlyStop:
    """Stop after `patience` evaluations whose test loss is not better than the best by more than `min_delta`."""

    patience: Count
    min_delta: Penalty = 0.0


@dataclass(frozen=True)
class Train:
    """How long, on which batches, and what is measured; without epochs and iterations it is 3 epochs.

    sampling: shuffle visits each sample once an epoch, replacement draws each batch anew (L3)
    eval_every: in iterations; null is every epoch, or the end where iterations are counted
    eval_batch: how many samples inference takes at a time, at most; see `training.memory.inference_batch`
    clip: the most that the norm of all gradients together may be; null is no limit
    measure: batches averages what training saw, all measures the whole training split in inference mode
    watch: what to write down of each layer at the start and at every evaluation (L3)
    """

    epochs: Count | None = None
    iterations: Count | None = None
    batch_size: Count | Literal["all"] = 64
    sampling: Literal["shuffle", "replacement"] = "shuffle"
    eval_every: Count | None = None
    eval_batch: Annotated[int, Ge(1), Le(65536)] = 256
    clip: Annotated[float, Gt(0)] | None = None
    seed: Seed = 0
    measure: Literal["batches", "all"] = "batches"
    early_stop: EarlyStop | None = None
    watch: tuple[Literal["activations", "gradients", "weights"], ...] = ()

    def __post_init__(self) -> None:
        if self.epochs and self.iterations:
            raise ValueError("give epochs or iterations, not both; null takes one back")
        if not self.epochs and not self.iterations:
            object.__setattr__(self, "epochs", 3)
