"""Whether the peers train the same thing from the same weights on the same rows.

python benchmarks/check.py [--rows lenet-64] [--no-jax] [--no-compile]    (dropout is left out; about five minutes)

NumPy's and PyTorch's gradients must agree, every peer's first losses must agree with NumPy's, and all losses must fall.
Later losses are not compared: sums in another order round differently, and as soon as one pixel within 1e-7 of zero
passes a ReLU in one peer and not in another, the two runs part.

The rows are those of step.py, for a compiler may be right at one batch size and wrong at another: torch.compile of
PyTorch 2.13 gives SimpleConvNet's convolution no gradient at batch 32 and 64, and the right one at batch 100.  The time
of a peer that is WRONG here means nothing.
"""

import sys

import numpy as np

from comparison import chosen_rows, parser
from harness import Contender, UnavailableError
from neighbours import alone
from peers.networks import NETWORKS, parameters
from step import ROWS

CHECKED = [row for row in ROWS if "numpy" in row.contenders]
STEPS = 20
ALIKE, LOSS_TOLERANCE, GRADIENT_TOLERANCE = 5, 1e-4, 1e-4
PARAMETERS = {"lenet": 61_706, "simple_convnet": 433_890, "deep_convnet": 123_552, "mlp-1": 79_510, "mlp-5": 119_910}
PEERS = (
    ("numpy", "im2col"),
    ("torch", "eager"),
    ("torch", "fused"),
    ("torch", "channels_last"),
    ("torch", "compile"),
    ("jax", "jit"),
)


def gradient_gap(name: str, batch: int) -> float:
    """Largest difference of NumPy's and PyTorch's gradients, relative to the largest gradient of each array."""
    import torch

    from peers import numpy_peer, torch_peer

    network, random = NETWORKS[name].without_dropout(), np.random.default_rng(3)
    x = random.random((batch, 1, network.side, network.side), np.float32)
    labels = random.integers(0, 10, batch)
    model, stages = torch_peer.build(network), numpy_peer.build(network)
    torch.nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(labels)).backward()
    numpy_peer.differentiate(stages, x, labels)
    own = [gradient for stage in stages for gradient in stage.gradients]
    pairs = zip(own, [parameter.grad.numpy() for parameter in model.parameters()], strict=True)
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def losses(peer: str, variant: str, network: str, batch: int) -> np.ndarray | str:
    """The first losses of a peer, or why there are none."""
    contender = Contender(peer, peer, variant, 2)
    try:
        return np.array(contender.ask(f"losses {network} {batch} {STEPS}")["losses"])
    except UnavailableError as reason:
        return str(reason)
    finally:
        contender.close()


def check(network: str, batch: int, peers: list[tuple[str, str]]) -> bool:
    """Print a row's lines; false if something disagrees."""
    gap, expected = gradient_gap(network, batch), losses("numpy", "im2col", network, batch)
    counted = parameters(NETWORKS[network])
    fine = gap < GRADIENT_TOLERANCE and counted == PARAMETERS[network]
    line = f"{counted} parameters, gradients of NumPy and PyTorch differ by {gap:.1e}"
    print(f"{network} batch {batch}: {line}{'' if fine else '  WRONG'}", flush=True)
    for peer, variant in peers:
        found = losses(peer, variant, network, batch)
        if isinstance(found, str):
            print(f"  {f'{peer} {variant}':20} left out: {found}")
            continue
        gap, end = float(np.abs(found - expected)[:ALIKE].max()), found[-5:].mean()
        good = gap < LOSS_TOLERANCE and bool(end < found[:5].mean())
        fine &= good
        line = f"loss {found[0]:.3f} -> {end:.3f}, first {ALIKE} differ from NumPy's by {gap:.1e}"
        print(f"  {f'{peer} {variant}':20} {line}{'' if good else '  WRONG'}", flush=True)
    return fine


def main() -> None:
    """Exit code 1 if a peer disagrees."""
    chosen = parser(__doc__, CHECKED).parse_args()
    unwanted = {"jax": chosen.no_jax, "compile": chosen.no_compile}
    peers = [each for each in PEERS if not unwanted.get(each[0]) and not unwanted.get(each[1])]
    with alone():
        fine = all([check(row.facts["network"], row.facts["batch"], peers) for row in chosen_rows(chosen, CHECKED)])
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
