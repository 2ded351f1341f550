"""Time of a training step: dlab, PyTorch, JAX and textbook NumPy, interleaved in one run on the same threads.

python benchmarks/step.py                              all rows, about ten minutes
python benchmarks/step.py --rows lenet-64 --rounds 3   a quick look
"""

import comparison
from comparison import CONTENDERS, Row
from peers.networks import NETWORKS, parameters, step_flops

SIZES = (
    ("lenet", 32),
    ("lenet", 64),
    ("lenet", 128),
    ("lenet", 512),
    ("simple_convnet", 100),
    ("deep_convnet", 100),
    ("mlp-1", 100),
    ("mlp-5", 100),
    ("alexnet", 16),
)
LONG = {"alexnet": ("dlab", "torch eager", "torch fused", "torch channels_last")}  # the others take minutes


def _row(name: str, batch: int) -> Row:
    network = NETWORKS[name]
    facts = {"network": name, "batch": batch, "parameters": parameters(network)}
    order, flops = f"make {name} {batch}", step_flops(network, batch)
    return Row(f"{name}-{batch}", order, flops, LONG.get(name, tuple(CONTENDERS)), facts, 4.0 if name in LONG else 0.0)


ROWS = [_row(*size) for size in SIZES]

if __name__ == "__main__":
    comparison.main(__doc__, "step", ROWS)
