"""What `dlab bench` leaves in its folder: bench.csv, whose rows are of one of two kinds, and the raw times."""

import json
from dataclasses import dataclass
from typing import Any

from dlab.results import durable
from dlab.results.folder import Folder
from dlab.results.rows import Rows

CONVOLUTIONS, STEP = "convolutions", "step"  # what may be measured


@dataclass(frozen=True)
class WayRow:
    """One way to compute one direction of a convolution.

    `bytes` is the least traffic, each number of input, weights and output once; `intensity` is flops / bytes; `error`
    is the largest difference to the first way, relative to the largest number.  A way that was left out has no times.
    """

    convolution: str
    sizes: str
    batch: int
    direction: str
    way: str
    seconds: float | None
    gflops: float | None
    share_of_limit: float | None
    error: float | None
    flops: int
    bytes: int
    intensity: float


@dataclass(frozen=True)
class CallRow:
    """One kernel call of a training step; `layer` is "" where it is no layer's, `joined` names what it does besides.

    `bytes` counts all arrays that the call works on, each once.
    """

    layer: str
    joined: str
    direction: str
    kernel: str
    seconds: float
    share: float
    flops: int
    gflops: float | None
    share_of_limit: float | None
    bytes: int
    gbytes_per_second: float


@dataclass(frozen=True)
class BenchFolder(Folder):
    """The files of one measurement; run.json says which kind, and the limits."""

    @property
    def ways(self) -> Rows[WayRow]:
        return Rows(self.path / "bench.csv", WayRow)

    @property
    def calls(self) -> Rows[CallRow]:
        return Rows(self.path / "bench.csv", CallRow)

    def keep_raw(self, raw: Any) -> None:
        """All times as they were measured, in bench.json."""
        durable.replace(self.path / "bench.json", (json.dumps(raw, indent=1, allow_nan=False) + "\n").encode())
