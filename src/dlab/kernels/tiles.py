"""Which register tile a shape gets: arithmetic on shapes alone, so equal shapes run equal machine code."""

from functools import lru_cache

from dlab.kernels.lanes import vector_registers

MIN_CHAINS = 8  # two multiply-add units of latency four want eight independent accumulators
LARGE = 24  # accumulators of a tile of several columns: with more, LLVM keeps some on the stack
X, W = 0.5, 0.25  # cost of loading a column and a weight, in multiply-adds; columns come from farther away


def covers(size: int, tile: int) -> int:
    """Steps of `tile` that cover `size`; the last one slides back over the one before."""
    return -(-size // tile)


@lru_cache
def best_tile(outputs: int, columns: int, rows: int = 1, even: bool = False) -> tuple[int, int]:
    """(outputs, columns) of a tile that covers outputs x columns in the fewest cycles.

    Accumulators, one operand a column and one broadcast must fit the registers.  The costs fit the order of the
    tiles in a sweep over the convolutions of the presets.
    """
    room = vector_registers()
    large = LARGE if columns > 1 else room

    def cost(tile: tuple[int, int]) -> tuple[float, int]:
        k, j = tile[0], tile[1] * rows
        step = max(k * j, MIN_CHAINS) + X * j + W * k
        return covers(outputs, k) * covers(columns, tile[1]) * step, -k * j

    sizes = [
        (k, j)
        for k in range(1, min(outputs, 24) + 1)
        for j in range(1 + even, columns + 1, 1 + even)
        if k * rows * j <= large and k * rows * j + rows * j + 1 <= room
    ]
    return min(sizes or [(1, 1 + even)], key=cost)
