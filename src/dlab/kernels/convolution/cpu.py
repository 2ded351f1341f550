"""Convolution on lane blocks: the lecture's loop nest, with sixteen samples where one stood.

Arrays: x [B, C, H, W, 16] with its padding, w [K, C, FH, FW], b [K], y [B, K, OH, OW, 16].  A tile of outputs stays
in registers while the sum over c, p, q runs; the last tile of a row slides back over the one before it.  The kernels
are in `cpu_forward` and `cpu_weights`; here they get their tiles and workspaces.
"""

from collections.abc import Callable

import numpy as np

from dlab.kernels.convolution.cpu_forward import GATED, PLAIN, POOLED, make_forward
from dlab.kernels.convolution.cpu_weights import make_add_segments, make_weight_gradient
from dlab.kernels.lanes import vector_registers
from dlab.kernels.memory import aligned
from dlab.kernels.tiles import best_tile, covers
from dlab.layout import LANES

Call = Callable[[], object]
PATCH = 450  # vectors of x that stay in the first-level cache, of its 768
STRIP = 85  # vectors of dy a filter in a strip: with four filters they fill half of the first-level cache
TASKS = 16  # of a weight gradient: enough for the threads of a laptop
ENOUGH = 400  # positions to sum over before the lanes are added up


def _nothing(axes: int, kind: type = np.float32) -> np.ndarray:
    """An array for an argument that is not used."""
    return np.zeros((1,) * axes, kind)


def _bind(x, w, b, y, gate, code, stride, slope, ending, valid) -> Call:
    """A forward kernel with its tile, its slice of channels and its workspace."""
    rows = 2 if ending == POOLED else 1
    K, C, FH, FW = w.shape
    k_tile, j_tile = best_tile(K, y.shape[3] * rows, rows, even=ending == POOLED)
    patch = ((rows - 1) * stride + FH) * ((j_tile - 1) * stride + FW)
    slice_ = max(1, min(C, PATCH // patch))
    slice_ = covers(C, covers(C, slice_))
    tasks = y.shape[0] * y.shape[2] if slice_ < C else 1
    rest = aligned((tasks, covers(K, k_tile), k_tile * rows * j_tile, LANES))
    run, bias = make_forward(k_tile, j_tile, FW, stride, ending), np.zeros(K, np.float32) if b is None else b
    gate = _nothing(5) if gate is None else gate
    code = _nothing(5, np.uint8) if code is None else code
    return lambda: run(x, w, bias, y, gate, code, rest, *valid, slice_, slope)


def forward(x, w, b, y, stride=1, slope=1.0, code=None) -> Call:
    """y = rectify(convolution of x, which includes its padding), 2x2-pooled where `code` is given."""
    ending = PLAIN if code is None else POOLED
    return _bind(x, w, b, y, None, code, stride, slope, ending, (0, x.shape[2]))


def data_gradient(dy, w, dx, stride=1, pad=0, margin=0, gate=None, slope=1.0) -> Call:
    """dx: the forward convolution of dy with w turned by 180 degrees and its first two axes swapped.

    With a stride S, the pixels i = r mod S see the weights p = r mod S only: S x S convolutions on strided views.
    """
    calls = [
        call
        for r in range(stride)
        for t in range(stride)
        for call in _phase(dy, w, dx, stride, pad, margin, gate, slope, (r, t))
    ]
    return calls[0] if len(calls) == 1 else lambda: [call() for call in calls]


def _phase(dy, w, dx, stride, pad, margin, gate, slope, phase) -> list[Call]:
    """The call for the pixels of dx at (row, column) = phase mod stride, counted in the padded image."""
    firsts, places, kernels, views = [], [], [], []
    for axis, r in enumerate(phase):
        first = (r - pad) % stride  # the first pixel of dx in this phase
        taps = covers(max(w.shape[2 + axis] - r, 0), stride)
        count = covers(max(dx.shape[2 + axis] - first, 0), stride)
        if count == 0:
            return []
        low = margin + (first + pad - r) // stride - (taps - 1)
        firsts.append(first)
        places.append(slice(first, None, stride))
        kernels.append(slice(r, None, stride))
        views.append(slice(low, low + count + taps - 1))
    target = dx[:, :, places[0], places[1]]
    turned = w[:, :, kernels[0], kernels[1]].transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    if turned.size == 0:
        return [lambda: target.fill(0)]
    gates = None if gate is None else gate[:, :, places[0], places[1]]
    ending, slope = (PLAIN, 1.0) if gate is None else (GATED, slope)
    valid = margin - views[0].start, dy.shape[2] - margin - views[0].start
    return [_bind(dy[:, :, views[0], views[1]], turned, None, target, gates, None, 1, slope, ending, valid)]


def weight_gradient(x, dy, dw, db, stride=1, samples=None) -> Call:
    """dw, db from dy without margin."""
    return _bind_weight_gradient(x, dy, None, None, dw, db, stride, 1.0)


def pooled_weight_gradient(x, dy, y, code, dw, db, stride=1, slope=1.0, samples=None) -> Call:
    """dw, db where dy is the gradient of the pooled, rectified output y."""
    return _bind_weight_gradient(x, dy, y, code, dw, db, stride, slope)


def _bind_weight_gradient(x, dy, y, code, dw, db, stride, slope) -> Call:
    K, C, FH, FW = dw.shape
    B, pooled = dy.shape[0], y is not None
    OH, OW = (2 * dy.shape[2], 2 * dy.shape[3]) if pooled else dy.shape[2:4]
    k_tile = _filters_per_tile(K, FW)
    k_tiles = covers(K, k_tile)
    segments = min(covers(TASKS, k_tiles), covers(B, min(B, covers(ENOUGH, OH * OW))))
    per_segment = covers(B, segments)
    segments = covers(B, per_segment)
    strip = max(1, STRIP // OW)
    if pooled:
        strip = 2 * covers(strip, 2)
    part, bias = aligned((segments, k_tiles, C, FH, k_tile * FW, LANES)), aligned((segments, K, LANES))
    strips = aligned((segments * k_tiles, strip, OW, k_tile, LANES))
    run, add_segments = make_weight_gradient(k_tile, FH, FW, stride, pooled), make_add_segments()
    gate, codes = (y, code) if pooled else (_nothing(5), _nothing(5, np.uint8))
    target = dw, np.zeros(K, np.float32) if db is None else db

    def call() -> None:
        run(x, dy, gate, codes, strips, part, bias, per_segment, slope)
        add_segments(part, bias, *target, k_tile)

    return call


def _filters_per_tile(K: int, FW: int) -> int:
    """Filters of a weight-gradient tile, k FW accumulators: the fewest wasted, and enough to keep both units busy."""
    room = max(1, (vector_registers() - 1) // (FW + 1))
    return min(range(1, min(K, room) + 1), key=lambda k: (covers(K, k) * (max(k * FW, k + FW, 8) + 2), -k))
