"""The training step of the textbooks in NumPy: im2col turns a convolution into one matrix product.

One thing is better than in the textbooks: the first layer computes no gradient for the images.
"""

from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from peers.networks import Conv, Dense, Dropout, Flatten, Network, Pool, Relu, starting_weights
from peers.samples import LR, MOMENTUM, SCALE, Samples, rows

VARIANTS = ("im2col",)
VERSION = version("numpy")


def im2col(x: np.ndarray, kernel: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    """[N, C, H, W] -> [N OH OW, C kernel kernel]."""
    n, c, h, w = x.shape
    oh, ow = (h + 2 * pad - kernel) // stride + 1, (w + 2 * pad - kernel) // stride + 1
    wide = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    col = np.empty((n, c, kernel, kernel, oh, ow), x.dtype)
    for p in range(kernel):
        for q in range(kernel):
            col[:, :, p, q] = wide[:, :, p : p + stride * oh : stride, q : q + stride * ow : stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)


def col2im(col: np.ndarray, shape: tuple[int, ...], kernel: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    """The sum of all windows, back in [N, C, H, W]."""
    n, c, h, w = shape
    oh, ow = (h + 2 * pad - kernel) // stride + 1, (w + 2 * pad - kernel) // stride + 1
    col = col.reshape(n, oh, ow, c, kernel, kernel).transpose(0, 3, 4, 5, 1, 2)
    image = np.zeros((n, c, h + 2 * pad, w + 2 * pad), col.dtype)
    for p in range(kernel):
        for q in range(kernel):
            image[:, :, p : p + stride * oh : stride, q : q + stride * ow : stride] += col[:, :, p, q]
    return image[:, :, pad : pad + h, pad : pad + w]


class Stage:
    """A layer with weights, their gradients and velocities, if it has any."""

    def __init__(self, layer=None, weights: tuple = (), first: bool = False):
        self.layer, self.weights, self.first = layer, weights, first
        self.gradients: tuple = ()
        self.velocities = [np.zeros_like(array) for array in weights]

    def update(self) -> None:
        """v <- .9 v - lr g, w <- w + v."""
        for w, g, v in zip(self.weights, self.gradients, self.velocities, strict=True):
            v *= MOMENTUM
            v -= LR * g
            w += v


class ConvStage(Stage):
    def forward(self, x):
        w, b = self.weights
        self.shape, self.col = x.shape, im2col(x, self.layer.kernel, pad=self.layer.pad)
        side = x.shape[2] + 2 * self.layer.pad - self.layer.kernel + 1
        y = self.col @ w.reshape(len(w), -1).T + b
        return y.reshape(len(x), side, side, -1).transpose(0, 3, 1, 2)

    def backward(self, dy):
        w, _ = self.weights
        dy = dy.transpose(0, 2, 3, 1).reshape(-1, len(w))
        self.gradients = (self.col.T @ dy).T.reshape(w.shape), dy.sum(axis=0)
        if self.first:
            return None
        return col2im(dy @ w.reshape(len(w), -1), self.shape, self.layer.kernel, pad=self.layer.pad)


class DenseStage(Stage):
    def forward(self, x):
        self.x = x
        return x @ self.weights[0].T + self.weights[1]

    def backward(self, dy):
        self.gradients = dy.T @ self.x, dy.sum(axis=0)
        return None if self.first else dy @ self.weights[0]


class ReluStage(Stage):
    def forward(self, x):
        self.mask = x <= 0
        y = x.copy()
        y[self.mask] = 0
        return y

    def backward(self, dy):
        dy[self.mask] = 0
        return dy


class PoolStage(Stage):
    def forward(self, x):
        n, c, h, w = self.shape = x.shape
        col = im2col(x, 2, stride=2).reshape(-1, 4)
        self.winner = col.argmax(axis=1)
        return col.max(axis=1).reshape(n, h // 2, w // 2, c).transpose(0, 3, 1, 2)

    def backward(self, dy):
        dy = dy.transpose(0, 2, 3, 1)
        col = np.zeros((dy.size, 4), dy.dtype)
        col[np.arange(dy.size), self.winner] = dy.ravel()
        return col2im(col, self.shape, 2, stride=2)


class FlattenStage(Stage):
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return None if dy is None else dy.reshape(self.shape)


class DropoutStage(Stage):
    random = np.random.default_rng(2)

    def forward(self, x):
        rate = self.layer.rate
        self.factor = (self.random.random(x.shape, np.float32) >= rate) * np.float32(1 / (1 - rate))
        return x * self.factor

    def backward(self, dy):
        return dy * self.factor


STAGES = {
    Conv: ConvStage,
    Dense: DenseStage,
    Relu: ReluStage,
    Pool: PoolStage,
    Flatten: FlattenStage,
    Dropout: DropoutStage,
}


def build(network: Network) -> list[Stage]:
    """A stage for each layer, with the common starting weights."""
    stages, left = [], starting_weights(network)
    count = len(left)
    for layer in network.layers:
        if isinstance(layer, Conv | Dense):
            stages.append(STAGES[type(layer)](layer, left.pop(0), first=len(left) == count - 1))
        else:
            stages.append(STAGES[type(layer)](layer))
    return stages


def softmax_loss(x: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy and its gradient."""
    picks = np.arange(len(x)), labels
    y = np.exp(x - x.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    loss = -np.log(y[picks] + 1e-7).mean()
    y[picks] -= 1
    return float(loss), y / len(x)


def differentiate(stages: list[Stage], x: np.ndarray, labels: np.ndarray) -> float:
    """The loss; gradients stay in the stages."""
    for stage in stages:
        x = stage.forward(x)
    loss, dx = softmax_loss(x, labels)
    for stage in reversed(stages):
        dx = stage.backward(dx)
    return loss


def make(network: Network, batch: int, dataset: Samples, variant: str = "im2col", threads: int = 2) -> Callable:
    """A call that trains one batch and returns its loss; the BLAS takes its threads from the environment."""
    stages, next_rows = build(network), rows(dataset, batch)

    def step() -> float:
        chosen = next_rows()
        x = dataset.images[chosen].astype(np.float32) * np.float32(SCALE)
        loss = differentiate(stages, x, dataset.labels[chosen])
        for stage in stages:
            stage.update()
        return loss

    return step
