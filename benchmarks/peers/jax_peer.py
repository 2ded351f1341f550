"""JAX's training step: one jitted function with donated buffers, channels-last as XLA likes it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from peers.networks import Conv, Dense, Dropout, Flatten, Network, Pool, Relu, output_shape, starting_weights
from peers.samples import LR, MOMENTUM, SCALE, Samples, rows

VARIANTS = ("jit",)
VERSION = jax.__version__


def make(network: Network, batch: int, dataset: Samples, variant: str = "jit", threads: int = 2) -> Callable:
    """A call that starts one batch and returns its loss; XLA takes as many threads as the process has cores."""
    images, labels = jnp.asarray(dataset.images.transpose(0, 2, 3, 1)), jnp.asarray(dataset.labels)
    weights = jax.tree.map(jnp.asarray, _channels_last(network))
    state = weights, jax.tree.map(jnp.zeros_like, weights), jax.random.key(0)
    next_rows = rows(dataset, batch)

    def step() -> jax.Array:
        nonlocal state
        state, loss = trained(state, images, labels, next_rows())
        return loss

    def loss_of(weights, x, wanted, key):
        scores = jax.nn.log_softmax(_forward(network, weights, x, key))
        return -jnp.take_along_axis(scores, wanted[:, None], axis=1).mean()

    def train(state, images, labels, chosen):
        weights, velocities, key = state
        key, mask_key = jax.random.split(key)
        x = images[chosen].astype(jnp.float32) * SCALE
        loss, gradients = jax.value_and_grad(loss_of)(weights, x, labels[chosen], mask_key)
        velocities = jax.tree.map(lambda v, g: MOMENTUM * v - LR * g, velocities, gradients)
        return (jax.tree.map(jnp.add, weights, velocities), velocities, key), loss

    trained = jax.jit(train, donate_argnums=0)
    return step


def infer(network: Network, batch: int, dataset: Samples, variant: str = "jit", threads: int = 2) -> Callable:
    """A call that evaluates one batch and returns its loss."""
    images, labels = jnp.asarray(dataset.images.transpose(0, 2, 3, 1)), jnp.asarray(dataset.labels)
    weights, key = jax.tree.map(jnp.asarray, _channels_last(network)), jax.random.key(0)
    next_rows = rows(dataset, batch)

    @jax.jit
    def evaluate(weights, images, labels, chosen):
        scores, wanted = _forward(network, weights, images[chosen].astype(jnp.float32) * SCALE, key), labels[chosen]
        losses = -jnp.take_along_axis(jax.nn.log_softmax(scores), wanted[:, None], axis=1)
        return losses.mean(), (scores.argmax(axis=1) == wanted).sum()

    return lambda: jax.block_until_ready(evaluate(weights, images, labels, next_rows()))[0]


def _forward(network: Network, weights: list, x: jax.Array, key: jax.Array) -> jax.Array:
    left = iter(weights)
    for number, layer in enumerate(network.layers):
        match layer:
            case Conv(_, _, pad):
                w, b = next(left)
                x = lax.conv_general_dilated(
                    x, w, (1, 1), ((pad, pad), (pad, pad)), dimension_numbers=("NHWC", "HWIO", "NHWC")
                )
                x = x + b
            case Dense():
                w, b = next(left)
                x = x @ w + b
            case Relu():
                x = jax.nn.relu(x)
            case Pool():
                n, h, w, c = x.shape
                x = x.reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))
            case Flatten():
                x = x.reshape(len(x), -1)
            case Dropout(rate):
                kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - rate, x.shape)
                x = jnp.where(kept, x / (1 - rate), 0)
    return x


def _channels_last(network: Network) -> list[tuple[np.ndarray, np.ndarray]]:
    """The common starting weights as [FH, FW, C, K] and [inputs, outputs], inputs in the order of [H, W, C]."""
    left, found = starting_weights(network), []
    shape = image = network.input
    for layer in network.layers:
        if isinstance(layer, Conv):
            w, b = left.pop(0)
            found.append((w.transpose(2, 3, 1, 0), b))
        elif isinstance(layer, Dense):
            w, b = left.pop(0)
            if image:
                w, image = w.reshape(-1, *image).transpose(0, 2, 3, 1).reshape(len(w), -1), ()
            found.append((w.T, b))
        elif isinstance(layer, Flatten):
            image = shape
        shape = output_shape(layer, shape)
    return found
