"""PyTorch on a GPU.  Samples, labels and one permutation of them lie there; the update is the fused one.

eager     float32 without TF32; cuDNN tries its algorithms
tf32      the same, and convolutions and matrix products may use TF32
graph     eager, and the whole step is one CUDA graph, the choice of the rows included
compile   eager, and the gather, forward, loss and backward through torch.compile(mode="reduce-overhead")
fused, foreach    ways of an optimizer's step
"""

from collections.abc import Callable
from itertools import cycle

import numpy as np
import torch
from torch import nn

from dlab.registry import SCHEDULES
from dlab.training.batches import Batches
from peers import samples
from peers.arrays import start
from peers.networks import Network
from peers.race import EVALUATED, Race
from peers.samples import SCALE, Samples
from peers.torch_peer import build
from peers.torch_update_peer import SETTINGS, VARIANTS
from peers.work import Work, repeated

LR, WARM = 0.001, 3


def step(network: Network, batch: int, variant: str) -> Work:
    """A training step."""
    device = _device(variant)
    train = Training(network, samples.load(network.input, network.classes), device, LR)
    count = len(train.labels) // batch * batch
    order = torch.randperm(count, device=device)
    if variant == "graph":
        return Work(repeated(_recorded(train, order, batch), _wait))
    if variant == "compile":
        train.loss_of = torch.compile(train.loss_of, mode="reduce-overhead", dynamic=False)
    batches = cycle(order.split(batch))

    def once() -> None:
        torch.compiler.cudagraph_mark_step_begin()
        train.step(next(batches))

    return Work(repeated(once, _wait))


class Training:
    """A network with its samples, all on the GPU."""

    def __init__(self, network: Network, dataset: Samples, device: str, lr: float, optimizer: str = "momentum"):
        self.model = build(network).to(device)
        make, options = SETTINGS[optimizer]
        self.optimizer = make(self.model.parameters(), **options | {"lr": lr, "fused": True})
        self.images, self.labels = _shown(dataset, device)

    def loss_of(self, rows: torch.Tensor) -> torch.Tensor:
        """The loss of a batch."""
        x = self.images.index_select(0, rows).to(torch.float32) * SCALE
        return nn.functional.cross_entropy(self.model(x), self.labels.index_select(0, rows))

    def step(self, rows: torch.Tensor) -> None:
        """Train one batch."""
        self.optimizer.zero_grad()
        self.loss_of(rows).backward()
        self.optimizer.step()


def update(name: str, size: int, variant: str) -> Work:
    """An optimizer's step on so many parameters."""
    device = _device(variant)
    make, options = SETTINGS[name]
    w, g = (torch.from_numpy(array).to(device) for array in start(size))
    w.requires_grad_()
    w.grad = g
    return Work(repeated(make([w], **options, **VARIANTS[variant]).step, _wait))


def race(course: Race, variant: str) -> Work:
    """Train until enough test samples are right, on the batches and with the rates of dlab."""
    device = _device(variant)
    splits = course.splits()
    images, labels = _shown(splits[1], device)

    def prepare(seed: int) -> Callable[[], tuple[int, float]]:
        torch.manual_seed(seed)
        train = Training(course.network, splits[0], device, course.lr, course.optimizer)
        begin = {name: value.clone() for name, value in train.model.state_dict().items()}
        batches = Batches(len(train.labels), course.batch, "shuffle", seed)
        for number in (0, batches.per_epoch - 1) * WARM:
            train.step(torch.from_numpy(batches.rows(number)).to(device))
        _share(train.model, images, labels)
        train.model.load_state_dict(begin)
        train.optimizer.state.clear()
        return lambda: _reach(train, batches, course, lambda: _share(train.model, images, labels))

    return course.work(prepare)


def limit(kind: str, count: int, variant: str) -> Work:
    """copy COUNT numbers, or a product of two matrices of COUNT x COUNT."""
    device = _device(variant)
    if kind == "copy":
        source, target = torch.zeros(count, device=device), torch.empty(count, device=device)
        return Work(repeated(lambda: target.copy_(source), _wait))
    if kind == "matmul":
        a, b, c = (torch.randn(count, count, device=device) for _ in range(3))
        return Work(repeated(lambda: torch.mm(a, b, out=c), _wait))
    raise ValueError(f"PyTorch has no measure of {kind}")


def facts() -> dict[str, str]:
    """What PyTorch is made of."""
    return {"torch_cuda": str(torch.version.cuda), "cudnn": str(torch.backends.cudnn.version())}


def _device(variant: str) -> str:
    """The GPU, with what the variant allows; RuntimeError without one."""
    if not torch.cuda.is_available():
        raise RuntimeError("PyTorch sees no GPU")
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = variant == "tf32"
    return "cuda"


def _wait() -> None:
    torch.cuda.synchronize()


def _shown(dataset: Samples, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels on the GPU."""
    images, labels = (torch.from_numpy(np.array(array)) for array in (dataset.images, dataset.labels))
    return images.to(device), labels.long().to(device)


def _recorded(train: Training, order: torch.Tensor, batch: int) -> Callable[[], None]:
    """The step as a graph; where it reads in the order of the samples moves on inside it."""
    places = torch.arange(batch, device=order.device)

    def once() -> None:
        train.step(order.index_select(0, places))
        places.add_(batch).remainder_(len(order))

    aside, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM):
            once()
    torch.cuda.current_stream().wait_stream(aside)
    with torch.cuda.graph(graph):
        once()
    return graph.replay


def _reach(train: Training, batches: Batches, course: Race, share: Callable[[], float]) -> tuple[int, float]:
    """Train until this share of the test samples is right: (steps, share)."""
    schedule, steps, device = SCHEDULES[course.schedule](), course.epochs * batches.per_epoch, train.labels.device
    for epoch in range(course.epochs):
        numbers = range(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch)
        order = torch.from_numpy(np.concatenate([batches.rows(number) for number in numbers])).to(device)
        for number, rows in zip(numbers, order.split(course.batch), strict=True):
            train.optimizer.param_groups[0]["lr"] = course.lr * schedule.scale(number + 1, steps)
            train.step(rows)
        if (found := share()) >= course.share:
            break
    return numbers[-1] + 1, found


def _share(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """How many of the samples are right."""
    with torch.inference_mode():
        pieces = zip(images.split(EVALUATED), labels.split(EVALUATED), strict=True)
        right = [(model(x.to(torch.float32) * SCALE).argmax(1) == y).sum() for x, y in pieces]
        return torch.stack(right).sum().item() / len(labels)
