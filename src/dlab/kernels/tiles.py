"""Which register tile a shape gets: arithmetic on shapes alone, so equal shapes run equal machine code."""

from functools import lru_cache

from dlab.kernels.lanes import vector_registers

MIN_CHAINS = 8  # two multiply-add units of latency four want eight independent accumulators


def covers(size: int, tile: int) -> int:
    """Steps of `tile` that cover `size`; the last one slides back over the one before."""
    return -(-size // tile)


@lru_cache
def best_tile(outputs: int, columns: int, rows: int = 1, even: bool = False) -> tuple[int, int]:
    """(outputs, columns) of a tile that covers outputs x columns in the fewest cycles.

    A step of the inner loop costs a multiply-add per accumulator and a load per operand, two of either a cycle;
    accumulators, one operand a column and one broadcast must fit the registers.
    """
    room = vector_registers()

    def cost(tile: tuple[int, int]) -> tuple[float, int]:
        k, j = tile
        step = max(k * rows * j, rows * j + k, MIN_CHAINS) + 1
        return covers(outputs, k) * covers(columns, j) * step, -k * j

    sizes = [
        (k, j)
        for k in range(1, min(outputs, 24) + 1)
        for j in range(1 + even, columns + 1, 1 + even)
        if k * rows * j + rows * j + 1 <= room
    ]
    return min(sizes or [(1, 1 + even)], key=cost)
