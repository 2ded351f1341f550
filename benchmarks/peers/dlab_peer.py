"""dlab's training step, as the trainer runs it."""

from collections.abc import Callable

import dlab
from dlab import assemble
from dlab.registry import PRESETS
from peers.networks import Network
from peers.samples import Samples

VARIANTS = ("cpu",)
VERSION = dlab.__version__


def make(network: Network, batch: int, dataset: Samples, variant: str = "cpu", threads: int = 2) -> Callable:
    """A call that trains one batch."""
    preset = PRESETS[network.preset](**dict(network.options))
    return assemble.bench_step(preset, batch, dataset.images, dataset.labels, threads)
