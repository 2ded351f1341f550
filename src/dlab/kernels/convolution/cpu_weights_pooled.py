"""The weight gradient of a convolution that is pooled 2x2, as a kernel of lane blocks.

Only one of the four positions of a window has a gradient, in each lane another.  So each lane picks the patch of x that
its position saw, and one product is left where the sum over all positions has four.
"""

from collections.abc import Callable

from numba import njit, types

from dlab.kernels.calls import Bound, Calls
from dlab.kernels.convolution.cpu_forward import CODES
from dlab.kernels.convolution.cpu_weights import ENOUGH, TASKS, make_add_segments
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, fma, leak, load, load_ahead, store, zero
from dlab.kernels.maxima import pick
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import covers
from dlab.layout import LANES

DOWN, RIGHT = 2, 1  # of a code: whether the maximum stood in the lower row, in the right column
MOST = 25  # accumulators: with more, LLVM keeps some on the stack
SEEN = 1 << 20  # bytes of x that stay in the second-level cache while all filters pass over them


@njit(inline="always")
def multiply_add(acc, row, x, error, code, place, at, channels, rows, FW, stride):
    """One window's share of a tile of weights: its gradient times the patch that each lane's maximum saw."""
    n, c, i, j = at
    for a in range(channels * rows):
        seen = n, c + a // rows, i + a % rows
        for v in range(FW + stride):
            above, below = (load_ahead(x, (*seen, j), v), load_ahead(x, (*seen[:2], seen[2] + stride, j), v))
            put(row, v, pick(above, below, code, place, DOWN))
        for q in range(FW):
            value = pick(get(row, q), get(row, q + stride), code, place, RIGHT)
            put(acc, a * FW + q, fma(error, value, get(acc, a * FW + q)))


@njit(inline="always")
def add_bias(bias, dy, y, at, last, slope):
    """bias = the sum of a filter's gradients over the blocks first <= n < last."""
    s, k, first = at
    whole = zero()
    for n in range(first, last):
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                here = n, k, i, j
                whole = add(whole, leak(load(dy, here), load(y, here), slope))
    store(bias, (s, k), whole)


@factory
def make_pooled_weight_gradient(channels, rows, FW, stride):
    """part[s,k,c,p,q] = sum over the blocks n of segment s, i, j of dy[n,k,i,j] x[n,c,(2i + r) S + p,(2j + t) S + q].

    (r, t) is where the maximum of the window stood, in each lane by itself.  One task per segment and filter.
    """
    size, width = channels * rows * FW, FW + stride

    @kernel(*[floats(5)] * 3, CODES, floats(6), floats(3), types.intp, types.float32, writes="part bias")
    def pooled_weight_gradient(worker, x, dy, y, code, part, bias, per_segment, slope):
        (segments, K, C, FH), B = part.shape[:4], dy.shape[0]
        c_tiles, row_tiles = (C + channels - 1) // channels, (FH + rows - 1) // rows
        for task in tasks(worker, segments * K):
            s, k = task // K, task % K
            first, last = s * per_segment, min((s + 1) * per_segment, B)
            add_bias(bias, dy, y, (s, k, first), last, slope)
            for t in range(c_tiles * row_tiles):
                c, p = min(t // row_tiles * channels, C - channels), min(t % row_tiles * rows, FH - rows)
                acc, row = tile(size), tile(width)
                for a in range(size):
                    put(acc, a, zero())
                for n in range(first, last):
                    for i in range(dy.shape[2]):
                        for j in range(dy.shape[3]):
                            place, at = (n, k, i, j), (n, c, 2 * i * stride + p, 2 * j * stride)
                            error = leak(load(dy, place), load(y, place), slope)
                            multiply_add(acc, row, x, error, code, place, at, channels, rows, FW, stride)
                for a in range(size):
                    store(part, (s, k, c + a // FW // rows, p + a // FW % rows, a % FW), get(acc, a))

    return pooled_weight_gradient


def _tile_of(C: int, FH: int, FW: int) -> tuple[int, int]:
    """Channels and rows of weights of a tile: the fewest operations."""
    tiles = [(c, FH) for c in range(1, C + 1)] + [(1, rows) for rows in range(1, FH)]
    fitting = [tile for tile in tiles if tile[0] * tile[1] * FW <= MOST] or [(1, 1)]
    return min(fitting, key=lambda t: covers(C, t[0]) * covers(FH, t[1]) * (t[0] * t[1] * (3 * FW + 1) + 12))


def bind(x, dy, y, code, dw, db, stride, slope) -> Callable[[], object]:
    """A weight gradient with its segments and its workspaces."""
    K, C, FH, FW = dw.shape
    B, places = dy.shape[0], dy.shape[2] * dy.shape[3]
    channels, rows = _tile_of(C, FH, FW)
    most = max(min(2, B), covers(B, min(B, covers(ENOUGH, places))))
    segments = min(most, max(covers(TASKS, K), covers(x.nbytes, SEEN)))
    per_segment = covers(B, segments)
    segments = covers(B, per_segment)
    part, bias = workspace((segments, K, C, FH, FW, LANES), (segments, K, LANES))
    run = make_pooled_weight_gradient(channels, rows, FW, stride)
    summed = Bound(run, x, dy, y, code, part, bias, per_segment, slope)
    return Calls(summed, Bound(make_add_segments(), part, bias, dw, db, 1))
