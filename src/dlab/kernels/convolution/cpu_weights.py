"""The weight gradient of a convolution as a kernel of lane blocks."""

from collections.abc import Callable

from numba import njit, types

from dlab.kernels.calls import Bound, Calls
from dlab.kernels.jit import factory, floats, kernel
from dlab.kernels.lanes import add, fma, load, load_ahead, store, total, vector_registers, zero
from dlab.kernels.memory import workspace
from dlab.kernels.registers import get, put, tile
from dlab.kernels.tasks import tasks
from dlab.kernels.tiles import covers
from dlab.layout import LANES

STRIPS = types.Array(types.float32, 5, "C")
STRIP = 85  # vectors of dy a filter in a strip: with four filters they fill half of the first-level cache
TASKS = 16  # enough for the threads of a laptop
ENOUGH = 400  # positions to sum over before the lanes are added up


@njit(inline="always")
def take_row(dy, strips, sums, at, here, k_tile):
    """Copy a row of dy into the strip, and add it to the bias gradient."""
    (n, k0, i), (task, row) = at, here
    for k in range(k_tile):
        for j in range(dy.shape[3]):
            value = load(dy, (n, k0 + k, i, j))
            store(strips, (task, row, j, k), value)
            put(sums, k, add(get(sums, k), value))


@njit(inline="always")
def take_strip(dy, strips, sums, at, k_tile):
    """Fill a strip with `count` rows of dy from row `start` of all blocks on."""
    task, start, count, k0 = at
    OH = dy.shape[2]
    for row in range(count):
        take_row(dy, strips, sums, ((start + row) // OH, k0, (start + row) % OH), (task, row), k_tile)


@njit(inline="always")
def multiply_add(acc, ds, strips, x, here, at, k_tile, FW):
    """One position's share for a whole tile: dy of its filters times the FW pixels of a row that it saw."""
    (task, row, j), (n, c, i, j0) = here, at
    for k in range(k_tile):
        put(ds, k, load_ahead(strips, (task, row, j), k))
    for q in range(FW):
        value = load_ahead(x, (n, c, i, j0), q)
        for k in range(k_tile):
            put(acc, k * FW + q, fma(get(ds, k), value, get(acc, k * FW + q)))


@njit(inline="always")
def add_lanes(part, bias, dw, db, kt, k0, k_tile):
    """The gradients of one filter tile: the sums of the first segment, lane by lane."""
    FW = dw.shape[3]
    for k in range(k_tile):
        for c in range(dw.shape[1]):
            for p in range(dw.shape[2]):
                for q in range(FW):
                    dw[k0 + k, c, p, q] = total(load(part, (0, kt, c, p, k * FW + q)))
        if k0 + k >= kt * k_tile:
            db[k0 + k] = total(load(bias, (0, k0 + k)))


@factory
def make_weight_gradient(k_tile, FH, FW, stride):
    """part[s,kt,c,p,a] = sum over the blocks n of segment s, i, j of dy[n,k,i,j] x[n,c,i S + p,j S + q], lanes apart.

    One task per filter tile and segment.  A strip of rows of dy stays in the first-level cache while all c and p pass
    over it; the sums rest in `part` meanwhile.
    """
    size = k_tile * FW

    @kernel(*[floats(5)] * 2, STRIPS, floats(6), floats(3), types.intp, writes="strips part bias")
    def weight_gradient(worker, x, dy, strips, part, bias, per_segment):
        B, K, OH, OW = dy.shape[:4]
        segments = part.shape[0]
        k_tiles, even = (K + k_tile - 1) // k_tile, B % segments == 0
        for task in tasks(worker, segments * k_tiles):
            s, kt = (task // k_tiles, task % k_tiles) if even else (task % segments, task // segments)
            k0 = min(kt * k_tile, K - k_tile)
            first, last = s * per_segment * OH, min((s + 1) * per_segment, B) * OH
            sums = tile(k_tile)
            for k in range(k_tile):
                put(sums, k, zero())
            for start in range(first, last, strips.shape[1]):
                count = min(strips.shape[1], last - start)
                take_strip(dy, strips, sums, (task, start, count, k0), k_tile)
                for c in range(x.shape[1]):
                    for p in range(FH):
                        acc, ds = tile(size), tile(k_tile)
                        for a in range(size):
                            put(acc, a, zero() if start == first else load(part, (s, kt, c, p, a)))
                        n, i = start // OH, start % OH
                        for row in range(count):
                            for j in range(OW):
                                seen = n, c, i * stride + p, j * stride
                                multiply_add(acc, ds, strips, x, (task, row, j), seen, k_tile, FW)
                            n, i = (n, i + 1) if i + 1 < OH else (n + 1, 0)
                        for a in range(size):
                            store(part, (s, kt, c, p, a), get(acc, a))
            for k in range(k_tile):
                store(bias, (s, k0 + k), get(sums, k))

    return weight_gradient


@factory
def make_add_segments():
    """dw[k,c,p,q] and db[k]: the segments added in order, then the lanes."""

    @kernel(floats(6), floats(3), floats(4), floats(1), types.intp, writes="part bias dw db")
    def add_segments(worker, part, bias, dw, db, k_tile):
        for kt in tasks(worker, part.shape[1]):
            k0 = min(kt * k_tile, dw.shape[0] - k_tile)
            for s in range(1, part.shape[0]):
                for c in range(part.shape[2]):
                    for p in range(part.shape[3]):
                        for a in range(part.shape[4]):
                            whole = add(load(part, (0, kt, c, p, a)), load(part, (s, kt, c, p, a)))
                            store(part, (0, kt, c, p, a), whole)
                for k in range(k0, k0 + k_tile):
                    if k >= kt * k_tile:
                        store(bias, (0, k), add(load(bias, (0, k)), load(bias, (s, k))))
            add_lanes(part, bias, dw, db, kt, k0, k_tile)

    return add_segments


def bind(x, dy, dw, db, stride) -> Callable[[], object]:
    """A weight gradient with its tile, its segments and its workspaces."""
    K, C, FH, FW = dw.shape
    B, _, OH, OW = dy.shape[:4]
    k_tile = filters_per_tile(K, FW)
    k_tiles = covers(K, k_tile)
    segments = min(covers(TASKS, k_tiles), max(min(2, B), covers(B, min(B, covers(ENOUGH, OH * OW)))))
    per_segment = covers(B, segments)
    segments = covers(B, per_segment)
    part, bias, strips = workspace(
        (segments, k_tiles, C, FH, k_tile * FW, LANES),
        (segments, K, LANES),
        (segments * k_tiles, max(1, STRIP // OW), OW, k_tile, LANES),
    )
    run, add_segments = make_weight_gradient(k_tile, FH, FW, stride), make_add_segments()

    summed = Bound(run, x, dy, strips, part, bias, per_segment)
    return Calls(summed, Bound(add_segments, part, bias, dw, db, k_tile))


def filters_per_tile(K: int, FW: int) -> int:
    """Filters of a tile, k FW accumulators: the fewest wasted, and enough to keep both units busy."""
    room = max(1, (vector_registers() - 1) // (FW + 1))
    return min(range(1, min(K, room) + 1), key=lambda k: (covers(K, k) * (max(k * FW, k + FW, 8) + 2), -k))
