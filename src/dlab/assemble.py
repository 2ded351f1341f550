"""The one place that turns a spec into data, network and trainer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dlab import kernels, machine
from dlab.errors import EnvironmentFault, ShapeError, SpecError
from dlab.layout import Shape
from dlab.nn.layer import Layer
from dlab.nn.network import LayerFault, Network, place
from dlab.nn.summary import LayerRow, summarise
from dlab.training.gradients import GradientCheck, GradientRow
from dlab.training.memory import Memory, Part
from dlab.training.trainer import Trainer

ADDRESSES = 10**9  # bytes: what the libraries reserve, whatever the network


@dataclass(frozen=True)
class Experiment:
    """Everything one run consists of."""

    spec: Any
    data: Any
    network: Network
    trainer: Trainer
    device: str
    threads: int

    def summary(self) -> list[LayerRow]:
        """The network's table."""
        return summarise(self.network.nodes)


def build(spec: Any, device: str | None = None, threads: int | None = None, named: bool = False) -> Experiment:
    """Load the data, lay out the network, plan the batches; a DlabError says what stands in the way.

    With `named`, every kernel call of the plans knows what it is.
    """
    shape, outputs = spec.data.peek()
    _check_loss(spec, shape, outputs)
    layers = layers_of(spec, shape, outputs)
    other = ThreadPoolExecutor(1)  # unpacking a data set takes as long as importing Numba and starting the kernels
    loading = other.submit(_data, spec)
    other.shutdown(wait=False)
    name, count = device_of(device or spec.device), threads_of(threads or spec.threads)
    ops = kernels.backend(name, named)
    data, network = loading.result(), Network(layers, shape)
    trainer = Trainer(network, ops, data, spec, count)
    return Experiment(spec, data, network, trainer, name, count)


def prepare(spec: Any) -> None:
    """Do already what every experiment on these data begins with."""
    kernels.numba()
    _data(spec)


def _data(spec: Any) -> Any:
    """The spec's data set; the seed matters where it decides what the data are."""
    return _load(spec.data, spec.train.seed if spec.data.seeded else 0)


@lru_cache(maxsize=1)
def _load(data: Any, seed: int) -> Any:
    """A data set; the cells of a study that follow one another mostly want the same."""
    return data.load(seed)


def outline(spec: Any) -> list[LayerRow]:
    """The network's table without loading data or kernels."""
    shape, outputs = spec.data.peek()
    return summarise(place(layers_of(spec, shape, outputs), shape))


def memory(spec: Any) -> list[Part]:
    """What memory the run would need, without taking any but for the data."""
    shape, outputs = spec.data.peek()
    network, ops = Network(layers_of(spec, shape, outputs), shape), kernels.backend(device_of(spec.device))
    return Memory(network, ops, _data(spec), spec).parts()


def grad_check(spec: Any) -> list[GradientRow]:
    """Backpropagation against central differences, a row for each array of parameters."""
    shape, outputs = spec.data.peek()
    network = Network(layers_of(spec, shape, outputs), shape)
    return GradientCheck(network, spec.data.load(spec.train.seed), spec).rows()


def layers_of(spec: Any, shape: Shape, outputs: int) -> tuple[Layer, ...]:
    """The layers of the spec's model, checked against the data's shape; faults point at the layer's line."""
    try:
        layers = spec.model.layers or spec.model.preset.layers(shape, outputs)
        nodes = place(layers, shape)
    except ShapeError as error:
        raise spec.fault(("model", "preset"), str(error)) from None
    except LayerFault as error:
        path = ("model", "layers", error.index, *([error.field] if error.field else []))
        raise spec.fault(path if spec.model.layers else ("model", "preset"), str(error)) from None
    last = nodes[-1].output
    if last != (outputs,):
        where = ("model", "layers", len(layers) - 1) if spec.model.layers else ("model", "preset")
        size = "x".join(map(str, last))
        raise spec.fault(where, f"the last layer gives {size} numbers, the data want {outputs} (one a class or target)")
    return tuple(layers)


def _check_loss(spec: Any, shape: Shape, outputs: int) -> None:
    """Softmax needs classes to choose from."""
    if spec.loss.kernel == "softmax_cross_entropy" and outputs < 2:
        raise spec.fault(("loss",), "softmax_ce needs two or more classes, the data have one output. Allowed: mse")


def device_of(wanted: str) -> str:
    """The backend for --device; auto takes a GPU where there is one."""
    if wanted == "auto":
        return "cpu" if kernels.emulates() or kernels.no_gpu() else "cuda"
    if wanted.startswith("cuda") and (reason := kernels.no_gpu(wanted)):
        raise EnvironmentFault(
            f"{wanted} cannot be used: {reason}. Use --device cpu, or auto, which takes what there is"
        )
    return wanted


def threads_of(wanted: int | None) -> int:
    """Threads to use: as asked, else a polite share of the machine."""
    if machine.addresses() < ADDRESSES:  # with fewer, linear algebra libraries wait for some forever
        raise EnvironmentFault(
            f"`ulimit -v` leaves {machine.addresses() / 1e9:.2f} GB to this process; dlab needs 1 GB"
        )
    most = kernels.max_threads()
    if wanted is not None and not 1 <= wanted <= most:
        raise SpecError(f"threads: {wanted} is not possible here. Allowed: 1 to {most}")
    return wanted or min(machine.POLITE, machine.cores(), most)
