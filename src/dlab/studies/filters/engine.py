"""The project's own convolution and pooling kernels, applied to whole images on any device."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlab import kernels
from dlab.layout import LANES, window_count
from dlab.studies.room import afford

Pair = tuple[int, int]  # rows, columns
WINDOWS = (5, 21)  # smaller filters stand inside a window of these, so that one compiled kernel serves them all
GROUP = 8  # filters and columns come in multiples of it, for the same reason
BYTES = 12  # of a number: as float64, and as float32 for the kernels
ROWS = 16  # the fewest rows of responses that make a strip of an image worth a lane


class Slide(NamedTuple):
    """A filter w [C, FH, FW] and how it moves over the image."""

    w: np.ndarray
    stride: int = 1
    pad: int = 0

    def size(self, image: tuple[int, ...]) -> Pair:
        """(OH, OW) of the responses to an image of shape [..., H, W]."""
        height, width = (
            window_count(size, window, self.stride, self.pad)
            for size, window in zip(image[-2:], self.w.shape[-2:], strict=True)
        )
        return height, width


class Engine:
    """Images [N, C, H, W] in, responses [N, OH, OW] or [N, C, OH, OW] out, as float64; a backend does the sums."""

    def __init__(self, ops: kernels.Backend):
        self.ops = ops

    def respond(self, images: np.ndarray, slides: Sequence[Slide]) -> list[np.ndarray]:
        """Cross-correlation with each filter: y[n,i,j] = sum_cpq w[c,p,q] x[n, c, i S + p - P, j S + q - P].

        shapes: images [N, C, H, W] -> a list of [N, OH, OW], one for each filter
        """
        found: dict[int, np.ndarray] = {}
        for stride in {slide.stride for slide in slides}:
            chosen = [index for index, slide in enumerate(slides) if slide.stride == stride]
            responses = self._together(images, [slides[index] for index in chosen], stride)
            found |= dict(zip(chosen, responses, strict=True))
        return [found[index] for index in range(len(slides))]

    def _together(self, images: np.ndarray, slides: list[Slide], stride: int) -> list[np.ndarray]:
        """Filters of any size and padding in one call: each stands where its own padding begins in a larger window."""
        margin = max(slide.pad for slide in slides)
        needed = max(margin - slide.pad + max(slide.w.shape[1:]) for slide in slides)
        window = next((size for size in WINDOWS if size >= needed), needed)
        sizes = [slide.size(images.shape) for slide in slides]
        height, width = (max(axis) for axis in zip(*sizes, strict=True))
        maps = images.shape[1] * stride**2 + 2 * len(slides)  # of that size, and those on the device with their copies
        told = f"an image of {height}x{width} responses to each of {len(slides)} filters"
        afford(BYTES * len(images) * height * width * maps, told)
        canvas = _canvas(images, margin, window, stride, (height, _rounded(width)))
        w = np.zeros((_rounded(len(slides)), images.shape[1], window, window))
        for k, slide in enumerate(slides):
            at = margin - slide.pad
            w[k, :, at : at + slide.w.shape[1], at : at + slide.w.shape[2]] = slide.w
        y = self._convolution(canvas, w, stride, height)
        return [y[:, k, :rows, :columns] for k, (rows, columns) in enumerate(sizes)]

    def _convolution(self, canvas: np.ndarray, w: np.ndarray, stride: int, height: int) -> np.ndarray:
        """Responses to a canvas; a large image is cut into overlapping strips, one a lane."""
        samples, window = len(canvas), w.shape[2]
        strips = max(1, min(LANES // samples, height // ROWS))
        rows = -(-height // strips)
        needed = (strips * rows - 1) * stride + window
        canvas = np.pad(canvas, ((0, 0), (0, 0), (0, max(0, needed - canvas.shape[2])), (0, 0)))
        starts = [strip * rows * stride for strip in range(strips)]
        tall = (rows - 1) * stride + window
        cut = np.concatenate([canvas[:, :, start : start + tall] for start in starts])
        x, y = (
            self._packed(cut),
            self.ops.buffer((len(w), rows, window_count(cut.shape[3], window, stride, 0)), len(cut)),
        )
        weights: np.ndarray = np.ascontiguousarray(w, self.ops.dtype)
        self._run(self.ops.convolution.forward(x.view(), weights, None, y.view(), stride))
        found = self._read(y, len(cut)).reshape(strips, samples, len(w), rows, -1)
        return np.concatenate(list(found), axis=2)

    def maximum(self, images: np.ndarray, window: Pair, stride: Pair | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Largest value of each M x L window, and its place p L + q; the stride is the window's size if not given.

        shapes: [N, C, H, W] -> two of [N, C, OH, OW]
        """
        stride = stride or window
        x, y = self._packed(images), self._pooled(images, window, stride)
        code = np.zeros(y.view().shape, np.int32)
        self._run(self.ops.pooling.max_forward(x.view(), y.view(), code, window, stride, 0))
        return self._read(y, len(images)), self.ops.read(code, len(images))

    def average(self, images: np.ndarray, window: Pair, stride: Pair | None = None) -> np.ndarray:
        """Mean of each window; shapes: [N, C, H, W] -> [N, C, OH, OW]."""
        stride = stride or window
        x, y = self._packed(images), self._pooled(images, window, stride)
        self._run(self.ops.pooling.average_forward(x.view(), y.view(), window, stride, 0))
        return self._read(y, len(images))

    def l2(self, images: np.ndarray, window: Pair, stride: Pair | None = None) -> np.ndarray:
        """Root of the sum of squares of each window; shapes: [N, C, H, W] -> [N, C, OH, OW]."""
        stride = stride or window
        x, y = self._packed(images), self._pooled(images, window, stride)
        self._run(self.ops.pooling.l2_forward(x.view(), y.view(), window, stride, 0))
        return self._read(y, len(images))

    def max_errors(
        self, dy: np.ndarray, code: np.ndarray, shape: tuple[int, ...], sizes: tuple[Pair, Pair]
    ) -> np.ndarray:
        """Errors of maxima on their way back to images of `shape`; sizes: (window, stride)."""
        dx, codes = self.ops.buffer(shape[1:], len(dy)), self.ops.fetch(self._packed(code).view()).astype(np.int32)
        self._run(self.ops.pooling.max_backward(self._packed(dy).view(), codes, dx.view(), *sizes, 0))
        return self._read(dx, len(dy))

    def average_errors(self, dy: np.ndarray, shape: tuple[int, ...], sizes: tuple[Pair, Pair]) -> np.ndarray:
        """Errors of means on their way back to images of `shape`; sizes: (window, stride)."""
        dx = self.ops.buffer(shape[1:], len(dy))
        self._run(self.ops.pooling.average_backward(self._packed(dy).view(), dx.view(), *sizes, 0))
        return self._read(dx, len(dy))

    def _packed(self, images: np.ndarray) -> kernels.Buffer:
        buffer = self.ops.buffer(images.shape[1:], len(images))
        data: np.ndarray = np.ascontiguousarray(images.reshape(len(images), -1), self.ops.dtype)
        self._run(self.ops.gather.pack(data, np.arange(len(images)), buffer.view(), 1.0, 0.0))
        return buffer

    def _pooled(self, images: np.ndarray, window: Pair, stride: Pair) -> kernels.Buffer:
        sizes = (window_count(*axis, 0) for axis in zip(images.shape[2:], window, stride, strict=True))
        return self.ops.buffer((images.shape[1], *sizes), len(images))

    def _run(self, call: kernels.Call) -> None:
        for one in self.ops.bracket([call]):
            one()

    def _read(self, buffer: kernels.Buffer, samples: int) -> np.ndarray:
        return self.ops.read(buffer.view(), samples).astype(np.float64)


def _rounded(count: int) -> int:
    return -(-count // GROUP) * GROUP


def _canvas(images: np.ndarray, margin: int, window: int, stride: int, size: tuple[int, int]) -> np.ndarray:
    """The images inside their padding, on a field of zeros that gives `size` responses to a window."""
    room = [(count - 1) * stride + window for count in size]
    canvas = np.zeros((*images.shape[:2], *room))
    fits = [min(axis, space - margin) for axis, space in zip(images.shape[2:], room, strict=True)]
    canvas[:, :, margin : margin + fits[0], margin : margin + fits[1]] = images[:, :, : fits[0], : fits[1]]
    return canvas
