"""A matrix product on a GPU, c[m,n] = sum_k a[m,k] b[k,n]: sums in registers, pieces of a and b in shared memory.

A block of 256 threads computes one tile of c.  Its threads form slices, which share out the inner index k: each slice
has sums for the whole tile, and at the end they are added in order.  So a small product, which takes as long as its
longest chain, is many blocks with short chains, and in a large one every number that is loaded serves many sums.

    tile  rows, columns   of c that a block computes
          depth           numbers k that a slice has in shared memory at a time
          slices          groups of threads, each with a share of k
          tall, wide      sums of a thread: tall + wide numbers loaded for tall wide multiply-adds

Sizes are arguments, so that few kernels serve all layers.  Indices begin as unsigned numbers: the compiler then knows
that none is negative, which saves half of the instructions.
"""

from functools import cache

import numpy as np

from dlab.kernels.gpu import Launch, factory
from dlab.kernels.gpu.language import cuda
from dlab.kernels.tiles import covers

RECTIFIED, GATED, PLAIN, ONES = range(4)  # the ends of a sum
TILES = (128, 128, 16, 1, 8, 8), (64, 64, 16, 4, 8, 8), (32, 32, 8, 8, 4, 8), (8, 32, 16, 8, 2, 4)
THREADS = 256
BLOCKS = 128  # keep a large GPU busy
SPARE = 4  # numbers behind each row in shared memory: a column is then in other banks, and rows stay aligned
ZERO, ONE = np.float32(0), np.float32(1)
U = np.uint32


def tile_for(M, N):
    """The largest tile that fits into c and makes at least BLOCKS blocks, or else the smallest."""
    fitting = (t for t in TILES if t[0] <= M and t[1] <= N and covers(M, t[0]) * covers(N, t[1]) >= BLOCKS)
    return next(fitting, TILES[-1])


def product(size, along, steps, end, a, b, other, c, slope=1.0) -> Launch:
    """c = end(a b).

    size: M, N, K
    along: whether neighbours along k are neighbours in memory, in a and in b; if not, those along m and n are
    steps: how far apart neighbours along the other index are, in a and b; and those along m in c and `other`
    end: RECTIFIED, u = sum + other[m], then u where u > 0, else slope u
         GATED, the sum where other[m,n] > 0, else slope times it
         PLAIN, the sum
         ONES, the sum; b has one more column, all 1, whose sums go to other[m]
    """
    M, N, _ = size
    tile = tile_for(M, N)
    grid = covers(N + (end == ONES), tile[1]), covers(M, tile[0])
    block = THREADS // tile[3], tile[3]
    kernel = _product(along, end, tile)
    return Launch(kernel, grid, block, a, b, other, c, np.float32(slope), *map(U, (*size, *steps)))


def _rooms(tile):
    """Sizes of what a block shares, pieces of a and b and parts of c, and of a thread's sums and shares of a and b."""
    rows, columns, depth, slices, tall, wide = tile
    shared = (slices, depth, rows + SPARE), (slices, depth, columns + SPARE), (slices, rows // tall, columns)
    return *shared, (tall, wide), tall * wide * depth // columns, tall * wide * depth // rows


@factory
def _product(along, end, tile):
    """c[m,n] = end(sum_k a[m,k] b[k,n]), one block per tile of c.

    While a thread multiplies what is in shared memory, the next numbers are on their way to its registers.
    """
    rows, columns, depth, slices, tall, wide = tile
    fetch_a, keep_a = _operand(along[0], False, rows, depth, THREADS // slices)
    fetch_b, keep_b = _operand(along[1], end == ONES, columns, depth, THREADS // slices)
    (clear, multiply, lay), finish = _sums(depth, tall, wide, columns // wide), _end(end, tile)
    a_room, b_room, parts_room, own, a_share, b_share = _rooms(tile)

    @cuda.jit
    def product(a, b, other, c, slope, M, N, K, a_step, b_step, c_step, other_step):
        a_tile = cuda.shared.array(a_room, np.float32, alignment=16)
        b_tile = cuda.shared.array(b_room, np.float32, alignment=16)
        parts = cuda.shared.array(parts_room, np.float32, alignment=16)
        acc = cuda.local.array(own, np.float32)
        a_next = cuda.local.array(a_share, np.float32)
        b_next = cuda.local.array(b_share, np.float32)
        t, s = U(cuda.threadIdx.x), U(cuda.threadIdx.y)
        m0, n0 = U(cuda.blockIdx.y) * rows, U(cuda.blockIdx.x) * columns
        clear(acc)
        stages = (K + slices * depth - 1) // (slices * depth)
        for stage in range(stages + 1):
            if stage < stages:
                fetch_a(a, a_step, M, K, m0, (stage * slices + s) * depth, t, a_next)
                fetch_b(b, b_step, N, K, n0, (stage * slices + s) * depth, t, b_next)
            if stage > 0:
                multiply(a_tile, b_tile, s, t, acc)
            cuda.syncthreads()
            keep_a(a_next, s, t, a_tile)
            keep_b(b_next, s, t, b_tile)
            cuda.syncthreads()
        for i in range(tall):
            lay(acc, i, s, t, parts)
            cuda.syncthreads()
            finish(parts, M, N, m0 + i, n0, s * (THREADS // slices) + t, c, c_step, other, other_step, slope)
            cuda.syncthreads()

    return product


@cache
def _operand(along, ones, length, depth, threads):
    """How a thread brings its share of a piece of a (or b) to registers, and from there to shared memory.

    Neighbours in memory go to neighbouring threads, so that a warp loads whole lines: of its two indices, a thread
    keeps the one along which they lie, and the other goes on in even steps.
    ones: row (or column) M is 1 throughout
    """
    wide = depth if along else length
    share, pace = length * depth // threads, threads // wide

    @cuda.jit(device=True)
    def fetch(source, step, M, K, m0, k0, t, numbers):
        keeps, goes = (k0, m0) if along else (m0, k0)
        keeps, goes = keeps + t % wide, goes + t // wide
        limit, end = (K, M) if along else (M, K)
        inside = np.int32((end - goes + pace - 1) // pace if keeps < limit else 0)
        at, hop = np.uint64(goes * step + keeps), np.uint64(pace * step)
        for e in range(share):
            numbers[e] = source[at] if e < inside else ZERO
            if ones and goes + e * pace == M:
                numbers[e] = ONE
            at += hop

    @cuda.jit(device=True)
    def keep(numbers, s, t, tile):
        keeps, goes = t % wide, t // wide
        for e in range(share):
            if along:
                tile[s, keeps, goes + e * pace] = numbers[e]
            else:
                tile[s, goes + e * pace, keeps] = numbers[e]

    return fetch, keep


@cache
def _sums(depth, tall, wide, across):
    """How a thread begins its sums, adds to them, and lays row i of them out.

    Its columns are fours, which are loaded at once.  A plain loop over k is one that the assembler unrolls.
    """

    @cuda.jit(device=True)
    def column(t, j):
        return (j // 4 * across + t % across) * 4 + j % 4

    @cuda.jit(device=True)
    def clear(acc):
        for i in range(tall):
            for j in range(wide):
                acc[i, j] = ZERO

    @cuda.jit(device=True)
    def multiply(a, b, s, t, acc):
        k = U(0)
        while k < depth:
            for i in range(tall):
                for j in range(wide):
                    acc[i, j] += a[s, k, t // across * tall + i] * b[s, k, column(t, j)]
            k = U(k + 1)

    @cuda.jit(device=True)
    def lay(acc, i, s, t, parts):
        for j in range(wide):
            parts[s, t // across, column(t, j)] = acc[i, j]

    return clear, multiply, lay


@cache
def _end(end, tile):
    """How the slices' parts of some rows of a tile become numbers of c."""
    rows, columns, _, slices, tall, _ = tile
    laid, on = rows // tall, THREADS // columns
    count, whole = covers(laid, on), laid % on == 0

    @cuda.jit(device=True)
    def finish(parts, M, N, m0, n0, thread, c, c_step, other, other_step, slope):
        row, n = thread // columns, n0 + thread % columns
        for _ in range(count):
            m, value = m0 + row * tall, ZERO
            if (whole or row < laid) and m < M:
                for part in range(slices):
                    value += parts[part, row, thread % columns]
                if end == RECTIFIED:
                    value += other[m]
                    value = value if value > ZERO else slope * value
                if n < N:
                    if end == GATED:
                        value = value if other[np.uint64(m * other_step + n)] > ZERO else slope * value
                    c[np.uint64(m * c_step + n)] = value
                if end == ONES and n == N:
                    other[m] = value
            row += on

    return finish
