"""The optimizer comparison of the lecture (X4) in PyTorch: every cell of a share of the study, one after another.

    python torch_study.py DATA THREADS SHARE SHARES

784-40-20-10 with sigmoids, weights N(0, 0.01^2), with and without batch normalisation; five optimizers at rate .01;
three seeds; 1,000 batches of 100 drawn with replacement; the test images are evaluated every 50 batches.  As fast as
plain PyTorch gets: images as floats in memory once, fused or foreach updates, nothing fetched between evaluations.
"""

import gzip
import sys
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

ITERATIONS, BATCH, EVERY, SEEDS = 1000, 100, 50, (0, 1, 2)
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, fused=True),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, fused=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01, eps=1e-7, initial_accumulator_value=1e-4, fused=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, foreach=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, fused=True),
}


def load(folder: Path) -> list[torch.Tensor]:
    """Training images and labels, test images and labels."""
    found = []
    for split in ("train", "t10k"):
        images = gzip.decompress((folder / f"{split}-images-idx3-ubyte.gz").read_bytes())
        labels = gzip.decompress((folder / f"{split}-labels-idx1-ubyte.gz").read_bytes())
        found.append(torch.from_numpy(np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784) / np.float32(255)))
        found.append(torch.from_numpy(np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)))
    return found


def network(normalised: bool) -> nn.Sequential:
    """The exercise's network."""
    layers: list[nn.Module] = []
    for inputs, units in ((784, 40), (40, 20)):
        layers += [nn.Linear(inputs, units), *([nn.BatchNorm1d(units)] if normalised else []), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.Linear(20, 10))
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)
    return model


def train(data: list[torch.Tensor], name: str, normalised: bool, seed: int) -> float:
    """One cell; its last test accuracy."""
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = data
    model = network(normalised)
    optimizer = OPTIMIZERS[name](model.parameters())
    random = np.random.default_rng(seed)
    accuracy = 0.0
    for step in range(1, ITERATIONS + 1):
        chosen = torch.from_numpy(random.integers(0, len(labels), BATCH))
        optimizer.zero_grad()
        loss = cross_entropy(model(images[chosen]), labels[chosen])
        loss.backward()
        optimizer.step()
        if step % EVERY == 0:
            model.eval()
            with torch.inference_mode():
                accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
            model.train()
    return accuracy


def main() -> None:
    """Train this process's share of the cells."""
    folder, threads, share, shares = Path(sys.argv[1]), *map(int, sys.argv[2:])
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    data = load(folder)
    for number, (name, normalised, seed) in enumerate(product(OPTIMIZERS, (False, True), SEEDS)):
        if number % shares == share:
            accuracy = train(data, name, normalised, seed)
            print(f"{name}{'-batchnorm' if normalised else ''} {seed} {accuracy:.4f}")


if __name__ == "__main__":
    main()
