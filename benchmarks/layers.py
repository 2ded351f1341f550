"""Time of single convolutions, forward and both gradients, from LeNet to AlexNet: dlab and PyTorch interleaved.

python benchmarks/layers.py                                     about four minutes
python benchmarks/layers.py --rows alexnet-conv3-16-forward     one of them

A gradient row is the data gradient and the weight gradient together, as PyTorch computes them.
"""

import comparison
from comparison import Row
from peers.convolutions import CONVOLUTIONS, flops

SIZES = (
    *((name, 16) for name in ("alexnet-conv2", "alexnet-conv3", "alexnet-conv4", "alexnet-conv5")),
    *(("vgg-56", batch) for batch in (16, 32)),
    *((name, 64) for name in ("lenet-conv1", "lenet-conv2")),
)
PEERS = "dlab", "torch eager", "torch channels_last"


def _row(name: str, batch: int, way: str) -> Row:
    work = flops(CONVOLUTIONS[name], batch) * (1 if way == "forward" else 2)
    return Row(f"{name}-{batch}-{way}", f"convolve {name} {batch} {way}", work, PEERS, {"layer": name, "batch": batch})


ROWS = [_row(*size, way) for size in SIZES for way in ("forward", "gradients")]

if __name__ == "__main__":
    comparison.main(__doc__, "layers", ROWS)
