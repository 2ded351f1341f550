"""Time to evaluate a batch with LeNet: gather, forward, loss and the number of right answers, interleaved in one run.

python benchmarks/inference.py    about two minutes
"""

import comparison
from comparison import Row
from peers.networks import NETWORKS, forward_flops

BATCHES = (1, 64, 512)
PEERS = "dlab", "torch eager", "torch channels_last", "torch compile", "jax"
ROWS = [
    Row(f"lenet-{batch}", f"infer lenet {batch}", forward_flops(NETWORKS["lenet"], batch), PEERS, {"batch": batch})
    for batch in BATCHES
]

if __name__ == "__main__":
    comparison.main(__doc__, "inference", ROWS)
