"""PyTorch's optimizers on one parameter tensor: fused, foreach (lists of tensors) or plain (tensor by tensor)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import optim

from peers.arrays import start

VERSION = torch.__version__
SETTINGS: dict[str, tuple[type, dict[str, Any]]] = {
    "sgd": (optim.SGD, {"lr": 0.01}),
    "momentum": (optim.SGD, {"lr": 0.01, "momentum": 0.9}),
    "nag": (optim.SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    "adagrad": (optim.Adagrad, {}),
    "rmsprop": (optim.RMSprop, {"lr": 0.001}),
    "adam": (optim.Adam, {}),
    "adamax": (optim.Adamax, {}),
    "nadam": (optim.NAdam, {}),
}
VARIANTS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "plain": {"foreach": False}}


def update(name: str, size: int, variant: str, threads: int) -> Callable[[], None]:
    """A call that moves `size` parameters by one step."""
    if name not in SETTINGS:
        raise ValueError(f"PyTorch has no {name}")
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    make, options = SETTINGS[name]
    w, g = map(torch.from_numpy, start(size))
    w.requires_grad_()
    w.grad = g
    return make([w], **options, **VARIANTS[variant]).step
