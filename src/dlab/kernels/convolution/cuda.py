"""Convolution on the GPU: the lecture's loop nest, with a warp of 32 samples where one stood.

Arrays: x [1, C, H, W, N] with its padding, w [K, C, FH, FW], b [K], y [1, K, OH, OW, N].  The kernels are in
`cuda_forward` and `cuda_weights`.
"""

from collections.abc import Callable

from dlab.kernels.convolution import cuda_forward, cuda_weights
from dlab.kernels.convolution.cuda_forward import GATED, PLAIN, POOLED
from dlab.kernels.gpu import Launch, Launches
from dlab.kernels.tiles import covers

Call = Callable[[], object]


def forward(x, w, b, y, stride=1, slope=1.0, code=None) -> Call:
    """y = rectify(convolution of x, which includes its padding), 2x2-pooled where `code` is given."""
    ending = PLAIN if code is None else POOLED
    return cuda_forward.bind(x, w, w, b, y, None, code, stride, slope, ending, (0, x.shape[2]))


def data_gradient(dy, w, dx, stride=1, pad=0, margin=0, gate=None, slope=1.0) -> Call:
    """dx: the forward convolution of dy with w turned by 180 degrees and its first two axes swapped.

    With a stride S, the pixels i = r mod S see the weights p = r mod S only: S x S convolutions on strided views.
    """
    phases = ((r, t) for r in range(stride) for t in range(stride))
    calls = [_phase(dy, w, dx, stride, pad, margin, gate, slope, phase) for phase in phases]
    return Launches(*(launch for launch in calls if launch))


def _phase(dy, w, dx, stride, pad, margin, gate, slope, phase) -> Launch | None:
    """The launch for the pixels of dx at (row, column) = phase mod stride, counted in the padded image."""
    firsts = [(r - pad) % stride for r in phase]  # the first row and column of dx in this phase
    counts = [covers(max(size - first, 0), stride) for size, first in zip(dx.shape[2:4], firsts, strict=True)]
    if 0 in counts:
        return None
    turned = w[:, :, phase[0] :: stride, phase[1] :: stride].transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    lows = [
        margin + (first + pad - r) // stride - (taps - 1)
        for first, r, taps in zip(firsts, phase, turned.shape[2:], strict=True)
    ]
    seen = [slice(low, low + n + taps - 1) for low, n, taps in zip(lows, counts, turned.shape[2:], strict=True)]
    valid = margin - lows[0], dy.shape[2] - margin - lows[0]
    if not turned.size:  # no weight reaches these pixels: the sum over no filters
        turned, seen, valid = w[:0, :, :1, :1].transpose(1, 0, 2, 3), [slice(None)] * 2, (0, 0)
    places = slice(None), slice(None), *(slice(first, None, stride) for first in firsts)
    ending, slope = (PLAIN, 1.0) if gate is None else (GATED, slope)
    gates = None if gate is None else gate[places]
    return cuda_forward.bind(dy[:, :, *seen], w, turned, None, dx[places], gates, None, 1, slope, ending, valid)


def weight_gradient(x, dy, dw, db, stride=1, samples=None) -> Call:
    """dw, db from dy without margin."""
    return cuda_weights.bind(x, dy, None, None, dw, db, stride, 1.0, samples)


def pooled_weight_gradient(x, dy, y, code, dw, db, stride=1, slope=1.0, samples=None, spread=None) -> Call:
    """dw, db where dy is the gradient of the pooled, rectified output y, and `spread` the same at full size."""
    if spread is not None:
        return weight_gradient(x, spread, dw, db, stride, samples)
    return cuda_weights.bind(x, dy, y, code, dw, db, stride, slope, samples)
