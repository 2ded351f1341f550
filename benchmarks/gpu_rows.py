"""What is measured on a GPU, by whom, and what is aimed at."""

from dataclasses import dataclass, field

from peers.networks import NETWORKS, parameters, step_flops

CONTENDERS = {
    "dlab": ("dlab", "graph"),
    "dlab, kernels one by one": ("dlab", "eager"),
    "dlab, graphs alone": ("dlab", "replay"),
    "torch eager": ("torch", "eager"),
    "torch eager, TF32": ("torch", "tf32"),
    "torch graph": ("torch", "graph"),
    "torch compile": ("torch", "compile"),
    "torch fused": ("torch", "fused"),
    "torch foreach": ("torch", "foreach"),
}
OWN, EAGER, TF32 = ("dlab",), ("torch eager",), ("torch eager, TF32",)
GRAPHS = ("dlab, kernels one by one", "dlab, graphs alone")
FLOPS, BYTES = "GFLOP/s", "GB/s"


@dataclass(frozen=True)
class Row:
    """One piece of work: what workers are told to build, who does it, and what dlab is to reach.

    work: operations or bytes of a step, which a rate in `unit` counts
    targets: how many times as fast as another contender dlab has to be; target_ms, goal_ms: how long it may take
    """

    name: str
    order: str
    contenders: tuple[str, ...]
    unit: str = ""
    work: int = 0
    targets: dict[str, float] = field(default_factory=dict)
    target_ms: float | None = None
    goal_ms: float | None = None


def rows(toy: bool) -> list[Row]:
    """All rows, the ceilings first; as a toy, the same of a size for the emulator."""
    return [*_limits(toy), *_steps(toy), *_updates(toy), _race(toy)]


def _limits(toy: bool) -> list[Row]:
    numbers, blocks, side, nodes = (4096, 2, 64, 5) if toy else (1 << 28, 8448, 8192, 101)
    fma = 2 * 8 * 8 * 256 * 256 * blocks  # see peers/limits_gpu.py: FLOPS of a block
    return [
        Row("copy", f"limit copy {numbers}", OWN + EAGER, BYTES, 8 * numbers),
        Row("multiply-add", f"limit fma {blocks}", OWN, FLOPS, fma),
        Row("matrix product", f"limit matmul {side}", EAGER + TF32, FLOPS, 2 * side**3),
        Row("empty launch", "limit launch 1", OWN),
        Row("empty launch of 8 arrays", "limit arrays 1", OWN),
        Row("graph of 1 node", "limit graph 1", OWN),
        Row(f"graph of {nodes} nodes", f"limit graph {nodes}", OWN),
    ]


def _steps(toy: bool) -> list[Row]:
    peers = OWN + GRAPHS + EAGER + ("torch graph", "torch compile")
    lenet, alexnet, deep = (("toy", 32),) * 3 if toy else (("lenet", 128), ("alexnet", 128), ("deep_convnet", 100))
    return [
        _step("lenet", *lenet, peers, {"torch eager": 8.0, "torch graph": 2.0}, goal_ms=0.03),
        _step("alexnet", *alexnet, OWN + EAGER + TF32, {"torch eager": 0.7}),
        _step("deep_convnet", *deep, OWN + EAGER + TF32, {"torch eager": 3.0}),
    ]


def _step(label: str, name: str, batch: int, peers: tuple[str, ...], targets: dict[str, float], **aims: float) -> Row:
    network = NETWORKS[name]
    told = f"{label} step, batch {batch}, {parameters(network):,} parameters"
    return Row(told, f"step {name} {batch}", peers, FLOPS, step_flops(network, batch), targets, **aims)


def _updates(toy: bool) -> list[Row]:
    size, peers = 5000 if toy else 62_378_344, (*OWN, "torch fused", "torch foreach")
    bytes_each = {"momentum": 20, "adam": 28}
    return [
        Row(f"{name} of {size:,}", f"update {name} {size}", peers, BYTES, each * size, {"torch fused": 0.95})
        for name, each in bytes_each.items()
    ]


def _race(toy: bool) -> Row:
    words = "toy 32 96 0.05 2" if toy else "lenet 128 60000 0.99 8"
    return Row("lenet to 99 % of MNIST", f"race {words}", OWN + EAGER, target_ms=500.0)
