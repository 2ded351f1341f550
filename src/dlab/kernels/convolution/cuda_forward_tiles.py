"""How the GPU's threads share a convolution: tiles of filters, positions and taps, and the warps of a block."""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

from dlab.kernels.tiles import covers
from dlab.layout import volume

UNROLLED, NESTED = 320, 240  # multiply-adds of one and of several rows of taps: more become a loop with slow sums
SUMS, REGISTERS = 64, 112  # of a thread, alone and with what it sees of x: two blocks of 256 threads find room
ENOUGH = 1056  # warps that keep a GPU busy: two for each scheduler of 132 processors
SHARED, LARGEST = 24 << 10, 48 << 10  # bytes of weights in shared memory, if possible and at most
EXTRA = 24  # instructions around a piece of straight multiply-adds


class Tile(NamedTuple):
    """What a thread does at once: so many filters, rows and columns of positions, and rows and columns of taps."""

    k: int
    i: int
    j: int
    p: int
    q: int

    def seen(self, stride: int) -> tuple[int, int]:
        """Rows and columns of x that it reads; a single row of taps sees rows that are `stride` apart."""
        return self.i if self.p == 1 else (self.i - 1) * stride + self.p, (self.j - 1) * stride + self.q


def cycles(multiply_adds: int, loads: int) -> int:
    """What a thread's work costs a scheduler: an instruction each; but a load takes the time of four multiply-adds."""
    return max(EXTRA + multiply_adds + loads, 4 * loads)


@lru_cache
def best_tile(K: int, OH: int, OW: int, FH: int, FW: int, stride: int, warps: int, pooled: bool, whole: bool) -> Tile:
    """The tile that takes the fewest cycles; with less than ENOUGH warps, some schedulers have nothing to do.

    multiply-adds and loads are k i j p q and ((i - 1) S + p) ((j - 1) S + q) + k p q: about 6 to 1 with 64 sums.
    whole: whether all rows of x are to be read; where some are skipped, taps go row by row
    """

    def cost(tile: Tile) -> tuple[int, int]:
        k, i, j, p, q = tile
        tiles = covers(K, k) * covers(OH, i) * covers(OW, j) * warps
        work = covers(FH, p) * covers(FW, q) * cycles(volume(tile), volume(tile.seen(stride)) + k * p * q)
        return max(tiles, ENOUGH) * work, -k * i * j

    filters, rows = [k for k in (1, 2, 4, 6, 8) if k <= K], [2] if pooled else range(1, min(OH, 2) + 1)
    columns = range(1 + pooled, min(OW, 14) + 1, 1 + pooled)
    taps = {1, FH} if whole else {1}, [q for q in range(1, FW + 1) if FW % q == 0]
    tiles = (Tile(*sizes) for sizes in product(filters, rows, columns, *taps))
    fitting = (t for t in tiles if volume(t) <= (UNROLLED if t.p == 1 else NESTED) and t.k * t.i * t.j <= SUMS)
    return min((t for t in fitting if t.k * t.i * t.j + volume(t.seen(stride)) <= REGISTERS), key=cost)


class Block(NamedTuple):
    """Warps of a block, filters by positions, and how a slice of the weights lies in shared memory."""

    filters: int
    positions: int
    row: int  # from one tap's weights to the next tap's: an odd number of fours, to spread them over the banks
    channels: int


@lru_cache
def best_block(tile: Tile, K: int, C: int, taps: int, warps: int) -> Block:
    """Up to eight of all warps, fewer if that would leave processors without a block."""
    together = next((n for n in (8, 4) if warps // n >= ENOUGH // 4), 2)
    filters = min(together, K // tile.k)
    while taps * _row(filters * tile.k) * 4 > LARGEST and filters > 1:
        filters //= 2
    row = _row(filters * tile.k)
    slices = covers(C, max(1, SHARED // (taps * row * 4)))
    return Block(filters, together // filters, row, covers(C, slices) if C else 1)


def _row(filters: int) -> int:
    return 4 * (covers(filters, 4) | 1)
