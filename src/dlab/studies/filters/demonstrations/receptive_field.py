"""Receptive fields: how much of the image a unit of a deeper layer sees."""

from dataclasses import dataclass

from dlab.errors import OptionError, ShapeError
from dlab.nn.network import LayerFault, place
from dlab.nn.summary import LayerRow, summarise
from dlab.registry import DEMONSTRATIONS, PRESETS, suggestion
from dlab.results.findings import Cell, Findings
from dlab.studies.filters.demonstration import Demonstration
from dlab.studies.filters.engine import Engine
from dlab.studies.filters.images.pictures import Digit

SHAPES = ((1, 28, 28), (3, 227, 227))  # of the lectures' data: a network is laid out on the first that it takes
OUTPUTS = 10


@DEMONSTRATIONS.register("receptive_field")
@dataclass(frozen=True, kw_only=True)
class ReceptiveField(Demonstration):
    """The field of a unit grows layer by layer: r <- r + (F - 1) j, then j <- j S (L0, L4; T22).

    networks: names of presets; all that have windows unless some are named
    """

    networks: tuple[str, ...] = ()

    def outline(self) -> list[str]:
        return [f"{name}: {rows[-1].receptive_field} pixels at {rows[-1].name}" for name, rows in self.fields().items()]

    def run(self, engine: Engine) -> Findings:
        rows = [_row(name, row) for name, found in self.fields().items() for row in found]
        return Findings(rows, {"digit": Digit(index=3).pixels()[0]})

    def fields(self) -> dict[str, list[LayerRow]]:
        """The layers with windows of each network."""
        for index, name in enumerate(self.networks):
            if name not in PRESETS.names():
                told = f"must be one of {', '.join(PRESETS)} (got {name}).{suggestion(name, PRESETS.names())}"
                raise OptionError(told, f"networks.{index}")
        found = {name: _windowed(name) for name in self.networks or PRESETS}
        if not any(found.values()):
            raise OptionError("none of them has a layer with a window", "networks")
        return {name: rows for name, rows in found.items() if rows}


def _row(network: str, row: LayerRow) -> dict[str, Cell]:
    sizes = {"window": row.kernel or 1, "stride": row.stride or 1, "receptive field": row.receptive_field}
    return {"network": network, "layer": row.name, **sizes}


def _windowed(name: str) -> list[LayerRow]:
    for shape in SHAPES:
        try:
            return [row for row in summarise(place(PRESETS[name]().layers(shape, OUTPUTS), shape)) if row.kernel]
        except (ShapeError, LayerFault):
            continue
    return []
