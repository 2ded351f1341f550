"""Memory is counted before it is taken."""

from dlab import machine
from dlab.errors import EnvironmentFault


def afford(wanted: int, what: str) -> None:
    """EnvironmentFault if something takes more bytes than are free."""
    free = machine.free_memory()
    if wanted > free:
        raise EnvironmentFault(f"{what} takes {wanted / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free")
