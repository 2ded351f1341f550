"""How the GPU's threads share the gradient of a convolution's weights: tiles, groups of taps, ranges of positions."""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

from dlab.kernels.convolution.cuda_forward_tiles import ENOUGH, UNROLLED, cycles
from dlab.kernels.tiles import covers
from dlab.layout import volume

REGISTERS = 100  # of a thread, for sums and what it sees of x
WARPS = 8  # of a block at most
CHUNKS = 16  # of a range, to make up for adding its lanes


class Tile(NamedTuple):
    """What a thread does at once: so many filters, rows of taps (c, p), columns of taps, and columns of positions."""

    k: int
    p: int
    q: int
    j: int


class Work(NamedTuple):
    """A tile, how many tiles of filters and of a filter's taps there are, and how positions are cut.

    each: chunks of positions in a range
    together: groups of taps and ranges in a block, each a warp's
    """

    tile: Tile
    filters: int
    groups: int
    ranges: int
    each: int
    together: tuple[int, int]


@lru_cache
def best_work(K: int, C: int, FH: int, FW: int, rows: int, OW: int, stride: int, pooled: bool, biased: bool) -> Work:
    """The tile that takes the fewest cycles; with less than ENOUGH warps, some schedulers have nothing to do.

    multiply-adds and loads of a chunk are k p q j and k j + p ((j - 1) S + q), per row of a pair if pooled: about 5 to
    1 with 80 sums.
    rows: of positions in all warps of samples, or pairs of rows if pooled
    """
    pair, error = (2, 8) if pooled else (1, 1)  # rows, and instructions that make a number of dy

    def seen(tile: Tile) -> int:
        return pair * tile.p * ((tile.j - 1) * stride + tile.q)

    def cost(work: Work) -> tuple[int, int]:
        (k, p, q, j), filters, groups, ranges, each, _ = work
        chunk = cycles(k * j * pair * (p * q + error - 1), k * j * pair + seen(work.tile))
        return max(filters * groups * ranges, ENOUGH) * (each * chunk + 6 * k * p * q), -k * p * q

    filters, columns = range(1, min(K, 8) + 1), range(1 + pooled, min(OW, 14) + 1, 1 + pooled)
    tiles = (Tile(*sizes) for sizes in product(filters, range(1, min(4, C * FH) + 1), range(1, FW + 1), columns))
    fitting = (
        t for t in tiles if t.k * t.j * pair * (t.p * t.q + error) <= UNROLLED and volume(t[:3]) + seen(t) <= REGISTERS
    )
    return min((_divided(t, K, C * FH, FW, rows * covers(OW, t.j), biased) for t in fitting), key=cost)


def _divided(tile: Tile, K: int, tap_rows: int, FW: int, chunks: int, biased: bool) -> Work:
    """As many ranges as give ENOUGH warps, or four times as many, to spread them evenly, while they have CHUNKS."""
    filters, groups = covers(K, tile.k), covers(tap_rows, tile.p) * covers(FW, tile.q) + biased
    fewest, most = (covers(chunks, min(chunks, covers(n * ENOUGH, filters * groups))) for n in (4, 1))
    each = max(fewest, min(CHUNKS, most))
    ranges, together = covers(chunks, each), min(WARPS, groups)
    return Work(tile, filters, groups, ranges, each, (together, min(WARPS // together, ranges)))
