"""The table of a network: what `dlab summary` shows, computed from shapes alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dlab.layout import Shape, volume
from dlab.nn.layers.activations import Activation
from dlab.nn.layers.convolution import Convolutional
from dlab.nn.layers.pooling import Pooling
from dlab.nn.network import Node

BYTES = 4  # of a float32


@dataclass(frozen=True)
class LayerRow:
    """One line of the table; an activation stands in the line of the layer it follows.

    multiply_adds are of one sample's forward pass, receptive_field in input pixels (0 for vectors), memory_bytes of
    the layer's output for one sample.
    """

    name: str
    kind: str
    kernel: int | None
    stride: int | None
    pad: int | None
    activation: str
    shape: Shape
    parameters: int
    multiply_adds: int
    receptive_field: int
    memory_bytes: int


def summarise(nodes: Iterable[Node]) -> list[LayerRow]:
    """The rows of a network; the field grows by (kernel - 1) * jump, and the jump by the stride (T22)."""
    rows: list[LayerRow] = []
    field, jump = 1, 1
    for node in nodes:
        if isinstance(node.layer, Activation) and rows and not rows[-1].activation:
            rows[-1] = replace(rows[-1], activation=node.layer.type_name)
            continue
        window = node.layer.window(node.input)
        field, jump = field + (window.kernel - 1) * jump, jump * window.stride
        rows.append(_row(node, field))
    return rows


def _row(node: Node, field: int) -> LayerRow:
    windowed = isinstance(node.layer, Convolutional | Pooling)
    window = node.layer.window(node.input)
    return LayerRow(
        name=node.name,
        kind=node.layer.type_name,
        kernel=window.kernel if windowed else None,
        stride=window.stride if windowed else None,
        pad=window.pad if windowed else None,
        activation=node.layer.type_name if isinstance(node.layer, Activation) else "",
        shape=node.output,
        parameters=sum(volume(p.shape) for p in node.parameters.values()),
        multiply_adds=node.layer.multiply_adds(node.input),
        receptive_field=field if len(node.output) == 3 else 0,
        memory_bytes=BYTES * volume(node.output),
    )
