"""Three ways to compute a convolution and its gradients: the definition, im2col and dlab's own kernels."""

from typing import ClassVar, NamedTuple

import numpy as np

from dlab.kernels import Backend, Buffer, Call
from dlab.kernels.convolution import loops
from dlab.kernels.reference import interior, padded, windows
from dlab.studies.bench.problem import Problem

FORWARD, DATA, WEIGHT = DIRECTIONS = "forward", "data gradient", "weight gradient"


class Arrays(NamedTuple):
    """What goes into the three directions, as float32: x [N, C, H, W], w [K, C, FH, FW], dy [N, K, OH, OW]."""

    x: np.ndarray
    w: np.ndarray
    dy: np.ndarray

    def first(self, samples: int) -> "Arrays":
        """The same for fewer samples."""
        return Arrays(self.x[:samples], self.w, self.dy[:samples])


def draw(problem: Problem) -> Arrays:
    """Normal numbers, the same for the same sizes."""
    stream = np.random.default_rng(0)
    shapes = (problem.batch, *problem.input), problem.weights, (problem.batch, *problem.output)
    return Arrays(*(stream.standard_normal(shape, np.float32) for shape in shapes))


class Way:
    """A convolution bound to its arrays: a call for each direction, and what it left behind."""

    name: ClassVar[str]

    def __init__(self, problem: Problem, arrays: Arrays, ops: Backend):
        self.problem, self.arrays, self.ops = problem, arrays, ops
        self.calls: dict[str, Call] = dict(zip(DIRECTIONS, self.bind(), strict=True))

    def bind(self) -> tuple[Call, Call, Call]:
        """The calls for y, dx and dw, in this order."""
        raise NotImplementedError

    def results(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """y [N, K, OH, OW], dx [N, C, H, W] and dw [K, C, FH, FW] of the calls that ran last."""
        raise NotImplementedError

    def result(self, direction: str) -> np.ndarray:
        """What the call of one direction left behind."""
        return self.results()[DIRECTIONS.index(direction)]


class Definition(Way):
    """The formula as compiled loops, one sample after another; samples or filters are shared among the threads."""

    name = "definition"

    def bind(self) -> tuple[Call, Call, Call]:
        (x, w, dy), stride, pad = self.arrays, self.problem.stride, self.problem.pad
        wide = padded(x, pad)
        self.y, self.dx, self.dw = map(np.zeros_like, (dy, x, w))
        return (
            loops.forward(wide, w, self.y, stride),
            loops.data_gradient(dy, w, self.dx, stride, pad),
            loops.weight_gradient(wide, dy, self.dw, stride),
        )

    def results(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.y, self.dx, self.dw


class ImageToColumns(Way):
    """Every window becomes a row of a matrix, and the sums one matrix product by BLAS in float32 (L3; T13-T15).

    forward          columns = im2col(x),  y = columns w^T
    data gradient    dx = col2im(dy w)
    weight gradient  dw = dy^T columns, from the matrix that the way forward has made
    """

    name = "im2col"

    def bind(self) -> tuple[Call, Call, Call]:
        self.y, self.dx, self.dw = self.arrays.dy, self.arrays.x, self.arrays.w  # until the calls make their own
        self.columns = self._im2col()
        return self._forward, self._data_gradient, self._weight_gradient

    def results(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.y, self.dx, self.dw

    def _im2col(self) -> np.ndarray:
        """Row (n, i, j), column (c, p, q): x[n, c, i S + p, j S + q]."""
        _, *size = self.problem.filters
        seen = windows(padded(self.arrays.x, self.problem.pad), size, self.problem.stride)
        return seen.transpose(0, 2, 3, 1, 4, 5).reshape(-1, self.arrays.w[0].size)

    def _forward(self) -> None:
        self.columns = self._im2col()
        y = self.columns @ self.arrays.w.reshape(len(self.arrays.w), -1).T
        k, *size = self.problem.output
        self.y = np.ascontiguousarray(y.reshape(-1, *size, k).transpose(0, 3, 1, 2))

    def _data_gradient(self) -> None:
        x, w, dy = self.arrays
        (_, *size), pad = self.problem.filters, self.problem.pad
        rows = self._rows(dy) @ w.reshape(len(w), -1)
        boxes = rows.reshape(len(x), *dy.shape[2:], *w.shape[1:]).transpose(0, 3, 1, 2, 4, 5)
        wide = padded(np.zeros_like(x), pad)
        seen = windows(wide, size, self.problem.stride)
        for p, q in np.ndindex(*size):
            seen[..., p, q] += boxes[..., p, q]
        self.dx = interior(wide, pad)

    def _weight_gradient(self) -> None:
        self.dw = (self._rows(self.arrays.dy).T @ self.columns).reshape(self.arrays.w.shape)

    def _rows(self, dy: np.ndarray) -> np.ndarray:
        """Row (n, i, j), column k: dy[n, k, i, j]."""
        return dy.transpose(0, 2, 3, 1).reshape(-1, dy.shape[1])


class Own(Way):
    """The kernels that dlab trains with, on lane blocks, with nothing fused."""

    name = "dlab"

    def bind(self) -> tuple[Call, Call, Call]:
        (x, w, dy), stride, pad = self.arrays, self.problem.stride, self.problem.pad
        margin = -(-max(self.problem.filters[1:]) // stride) - (stride == 1)
        wide, errors = self._packed(x, pad), self._packed(dy, margin)
        self.w: np.ndarray = np.array(w, self.ops.dtype)
        self.dw = np.zeros_like(self.w)
        self.y, self.dx = (self.ops.buffer(array.shape[1:], len(array)) for array in (dy, x))
        seen, ops = wide.view(pad), self.ops.convolution
        return (
            self._bracketed(ops.forward(seen, self.w, None, self.y.view(), stride)),
            self._bracketed(ops.data_gradient(errors.view(margin), self.w, self.dx.view(), stride, pad, margin)),
            self._bracketed(ops.weight_gradient(seen, errors.view(), self.dw, None, stride, len(x))),
        )

    def results(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        y, dx = (self.ops.read(buffer.view(), len(self.arrays.x)) for buffer in (self.y, self.dx))
        return y, dx, self.ops.fetch(self.dw)

    def _packed(self, images: np.ndarray, margin: int) -> Buffer:
        buffer = self.ops.buffer(images.shape[1:], len(images), margin)
        flat = images.reshape(len(images), -1)
        self._bracketed(self.ops.gather.pack(flat, np.arange(len(images)), buffer.view(), 1.0, 0.0))()
        return buffer

    def _bracketed(self, call: Call) -> Call:
        calls = [*self.ops.bracket([call]), self.ops.wait]
        return lambda: [one() for one in calls]


WAYS: tuple[type[Way], ...] = (Definition, ImageToColumns, Own)
