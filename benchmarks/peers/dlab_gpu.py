"""dlab on a GPU.

graph    as `dlab train` runs: the lines of many steps sent ahead, each step one graph, then the scores read
eager    the same with its kernels launched one by one (DLAB_CUDA_EAGER=1)
replay   the same steps again and again: graphs alone, without the host's part
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from dlab import kernels
from dlab.registry import OPTIMIZERS
from dlab.results.records import Evaluation
from dlab.training.trainer import Trainer
from peers import samples
from peers.arrays import start
from peers.dlab_peer import ENDLESS, trainer
from peers.networks import Network, step_flops
from peers.race import EVALUATED, Race
from peers.work import Work, repeated

LR = 0.001  # with noise for images, larger rates end in numbers that are not finite
CHECKED, STEPS = 100_000, 3  # numbers of an update that are compared, and steps
CHEAP = 1e10  # operations of a step at most that is compared with float64


def step(network: Network, batch: int, variant: str) -> Work:
    """A training step."""
    dataset = samples.load(network.input, network.classes)
    whole = dataset.first(len(dataset.labels) // batch * batch)  # a smaller last batch would be another plan

    def make(device: str) -> Trainer:
        return trainer(network, whole, device=device, lr=LR, epochs=ENDLESS, batch_size=batch)

    if variant == "eager":
        os.environ["DLAB_CUDA_EAGER"] = "1"
    made = make("cuda")
    if variant == "replay":
        return Work(_replayed(made))
    cheap = step_flops(network, batch) < CHEAP
    return Work(_together(made.train_step), check=(lambda: _error(make("cuda"), make("reference"))) if cheap else None)


def update(name: str, size: int, variant: str) -> Work:
    """An optimizer's step on so many parameters; its coefficients lie on the GPU."""
    ops, optimizer = kernels.backend("cuda"), OPTIMIZERS[name]()
    arrays, coefficients = _parameters(ops, optimizer, *start(size))
    calls = ops.bracket([_apply(ops, optimizer, arrays, coefficients)])
    for array in (*arrays, coefficients):
        ops.send(array)
    burst = repeated(lambda: [call() for call in calls], ops.wait)
    first = [values[:CHECKED].copy() for values in arrays[:2]]
    burst(STEPS)
    moved = ops.fetch(arrays[0])[:CHECKED].copy()
    return Work(burst, check=lambda: _update_error(optimizer, first, moved))


def race(course: Race, variant: str) -> Work:
    """Train until enough test samples are right."""
    train, test = course.splits()
    options = {"epochs": course.epochs, "batch_size": course.batch, "eval_batch": EVALUATED}

    def prepare(seed: int) -> Callable[[], tuple[int, float]]:
        rate = {"optimizer": course.optimizer, "lr": course.lr, "schedule": course.schedule}
        made = trainer(course.network, train, test, device="cuda", **rate, **options, seed=seed)
        begin = made.state()
        for number in range(2 * made.steps_per_epoch):  # both sizes of batches: compiled, then recorded
            if number % made.steps_per_epoch in (0, made.steps_per_epoch - 1):
                made.step = number
                made.train_step()
        for _ in range(2):
            made.evaluator.test()
        made.restore(begin)
        return lambda: _reach(made, course.share)

    return course.work(prepare)


def limit(kind: str, count: int, variant: str) -> Work:
    """copy COUNT numbers; multiply and add in COUNT blocks; COUNT launches, with arrays or as one graph."""
    ops = kernels.backend("cuda")
    from peers import limits_gpu

    if kind == "copy":
        calls = [limits_gpu.copy(ops.zeros((count,)), ops.zeros((count,)))]
    elif kind == "fma":
        calls = [limits_gpu.multiply_add(ops.zeros((count * limits_gpu.THREADS,)))]
    elif kind == "arrays":
        calls = [limits_gpu.little(ops.zeros((1,)))] * count
    else:
        calls = [limits_gpu.nothing()] * count
    ready = ops.bracket(calls) if kind in ("copy", "fma", "graph") else calls
    return Work(repeated(lambda: [call() for call in ready], ops.wait))


def facts() -> dict[str, Any]:
    """What the GPU is, and what speaks to it."""
    kernels.backend("cuda")
    from dlab.kernels import gpu
    from dlab.kernels.gpu.language import cuda

    device = gpu.device()
    count = cuda.get_current_device().MULTIPROCESSOR_COUNT if device.name == "gpu" else 0
    return device.facts() | {"multiprocessors": count}


def _together(train: Callable[[int], None]) -> Callable[[int], float]:
    """A burst is one stretch of steps: it ends when the host has read all scores."""
    return lambda count: repeated(lambda: train(count), lambda: None)(1)


def _replayed(made: Trainer) -> Callable[[int], float]:
    """Bursts of lines that were written once."""
    script = made.script
    for number, line in enumerate(script.lines):
        plan = made.prepare(line, number)

    def burst(count: int) -> float:
        script.open(count)
        made.ops.wait()
        return repeated(plan.run, made.ops.wait)(count)

    return burst


def _error(found: Trainer, exact: Trainer) -> float:
    """How far the weights have moved otherwise than in float64, relative to how far they have moved."""
    begin = exact.parameters.copy()
    for made in (found, exact):
        for _ in range(STEPS):
            made.train_step()
    moved = exact.parameters - begin
    return float(np.linalg.norm(found.ops.fetch(found.parameters) - begin - moved) / np.linalg.norm(moved))


def _reach(made: Trainer, share: float) -> tuple[int, float]:
    """Train until this share of the test samples is right: (steps, share)."""
    for record in made.run():
        if isinstance(record, Evaluation) and (record.test_accuracy >= share or record.step == made.steps):
            break
    return record.step, record.test_accuracy


def _parameters(ops: Any, optimizer: Any, w: np.ndarray, g: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """w, g and the optimizer's states; its coefficients at the first step."""
    arrays = [ops.zeros((len(w),)) for _ in range(2 + optimizer.states)]
    for array, values in zip(arrays, (w, g, *optimizer.start()), strict=True):
        array[:] = values
    coefficients = ops.zeros((len(optimizer.coefficients(1)),))
    coefficients[:] = optimizer.coefficients(1)
    return arrays, coefficients


def _apply(ops: Any, optimizer: Any, arrays: list[np.ndarray], coefficients: np.ndarray) -> Any:
    w, g, *states = arrays
    return ops.update.apply(optimizer.rule, w, g, states, coefficients, 0, 0.0, 0.0, 0.0, 3.0)


def _update_error(optimizer: Any, first: list[np.ndarray], moved: np.ndarray) -> float:
    ops = kernels.backend("reference")
    arrays, coefficients = _parameters(ops, optimizer, *first)
    call = _apply(ops, optimizer, arrays, coefficients)
    for _ in range(STEPS):
        call()
    exact = arrays[0] - first[0]
    return float(np.linalg.norm(moved - first[0] - exact) / np.linalg.norm(exact))
