"""Convolution on lane blocks: the lecture's loop nest, with sixteen samples where one stood.

Arrays: x [B, C, H, W, 16] with its padding, w [K, C, FH, FW], b [K], y [B, K, OH, OW, 16].  A tile of outputs stays
in registers while the sum over c, p, q runs; the last tile of a row slides back over the one before it.  The kernels
are in `cpu_forward` and `cpu_weights`, and for pooled outputs in `cpu_weights_pooled`.  Where a convolution of 3x3 or
5x5 has many channels and stride 1, the same sums need about half of the multiplications in `cpu_winograd` and
`cpu_winograd_weights`; and where sums with sixteen lanes for every weight would overflow the cache, `cpu_weights_wide`
has filters as lanes.
"""

from collections.abc import Callable

import numpy as np

from dlab.kernels.calls import Calls
from dlab.kernels.convolution import (
    cpu_forward,
    cpu_weights,
    cpu_weights_pooled,
    cpu_weights_wide,
    cpu_winograd,
    cpu_winograd_weights,
)
from dlab.kernels.convolution.cpu_forward import GATED, PLAIN, POOLED
from dlab.kernels.convolution.winograd import POINTS, TAPS, outputs_of
from dlab.kernels.tiles import covers
from dlab.layout import LANES

Call = Callable[[], object]
CHANNELS = 16  # from so many on, in and out, Winograd's transforms cost less than they save
SUMS = 2 << 20  # bytes of a weight gradient's sums, lanes apart, that the second-level cache holds


def _nothing(axes: int, kind: type = np.float32) -> np.ndarray:
    """An array for an argument that is not used."""
    return np.zeros((1,) * axes, kind)


def _pays(w, y, stride, pooled) -> bool:
    """Whether Winograd's rows are to be used: a kernel of their width, enough channels, and room for a piece."""
    scale, taps = 2 if pooled else 1, w.shape[3]
    room = taps in TAPS and y.shape[3] * scale >= outputs_of(taps)
    return stride == 1 and room and min(w.shape[:2]) >= CHANNELS


def _bind(x, w, b, y, gate, code, stride, slope, ending, valid) -> Call:
    """The sum in the way that suits its shape."""
    b = np.zeros(w.shape[0], np.float32) if b is None else b
    gate = _nothing(5) if gate is None else gate
    code = _nothing(5, np.uint8) if code is None else code
    if _pays(w, y, stride, ending == POOLED):
        return cpu_winograd.bind(x, w, b, y, gate, code, slope, ending, valid[0])
    return cpu_forward.bind(x, w, b, y, gate, code, stride, slope, ending, valid)


def forward(x, w, b, y, stride=1, slope=1.0, code=None) -> Call:
    """y = rectify(convolution of x, which includes its padding), 2x2-pooled where `code` is given."""
    ending = PLAIN if code is None else POOLED
    return _bind(x, w, b, y, None, code, stride, slope, ending, ((0, x.shape[2]), (0, x.shape[3])))


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
    return Calls(*calls)


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
    valid = [(margin - views[a].start, dy.shape[2 + a] - margin - views[a].start) for a in (0, 1)]
    return [_bind(dy[:, :, views[0], views[1]], turned, None, target, gates, None, 1, slope, ending, valid)]


def weight_gradient(x, dy, dw, db, stride=1, samples=None) -> Call:
    """dw, db from dy without margin."""
    db = np.zeros(dw.shape[0], np.float32) if db is None else db
    other = _other_weight_gradient(x, dy, None, None, dw, db, stride, 1.0, samples)
    return other or cpu_weights.bind(x, dy, dw, db, stride)


def pooled_weight_gradient(x, dy, y, code, dw, db, stride=1, slope=1.0, samples=None, spread=None) -> Call:
    """dw, db where dy is the gradient of the pooled, rectified output y, and `spread` the same at full size."""
    db = np.zeros(dw.shape[0], np.float32) if db is None else db
    error, pooled, place = (dy, y, code) if spread is None else (spread, None, None)
    other = _other_weight_gradient(x, error, pooled, place, dw, db, stride, slope, samples)
    return other or cpu_weights_pooled.bind(x, dy, y, code, dw, db, stride, slope)


def _other_weight_gradient(x, dy, y, code, dw, db, stride, slope, samples) -> Call | None:
    """The weight gradient by Winograd's rows, or with filters as lanes, where the shape wants that."""
    pooled = y is not None
    y, code = (y, code) if pooled else (_nothing(5), _nothing(5, np.uint8))
    winograd = _pays(dw, dy, stride, pooled)
    if LANES * dw.nbytes * (POINTS / dw.shape[3] if winograd else 1) > SUMS:
        return cpu_weights_wide.bind(x, dy, y, code, dw, db, stride, slope, pooled, samples)
    return cpu_winograd_weights.bind(x, dy, y, code, dw, db, slope, pooled) if winograd else None
