"""Whether a set that is made in memory fits into it."""

from typing import Any

from dlab import machine
from dlab.errors import EnvironmentFault
from dlab.layout import volume

SMALL = 1 << 26  # bytes of memory that nobody counts
MAKING = 16  # bytes for each number: it is there twice for a moment, in float64
BYTES = 2  # twice, as a byte


def afford(data: Any, samples: int, each: int = MAKING) -> None:
    """EnvironmentFault if so many samples of a data set cannot be made in the memory there is."""
    shape, free = data.peek()[0], machine.free_memory()
    wanted = each * samples * volume(shape)
    if wanted > max(free, SMALL):
        told = f"{samples:,} samples of {'x'.join(map(str, shape))} numbers take {wanted / 1e9:,.1f} GB of memory"
        raise EnvironmentFault(f"{data.type_name}: {told}, and {free / 1e9:,.1f} GB are free")
