"""Convolution as a matrix product."""

from dataclasses import dataclass

import numpy as np

from dlab.errors import OptionError
from dlab.kernels.reference import windows
from dlab.nn.layer import Count
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Cell, Findings
from dlab.studies.filters.demonstration import Demonstration, OneFilter, OneImage, pixels, size, within
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.classic import Sobel
from dlab.studies.filters.images.patterns import Matrix

MOST = 64  # rows of a matrix that is shown
FIRST = ((51, 70, 12, 52), (12, 36, 1, 47), (82, 61, 73, 92), (3, 58, 27, 20))
SECOND = ((28, 41, 52, 7), (30, 3, 24, 17), (39, 56, 1, 64), (50, 51, 74, 62))


@DEMONSTRATIONS.register("im2col")
@dataclass(frozen=True, kw_only=True)
class ImageToColumns(Demonstration):
    """Every window becomes a row of a matrix, and convolution the product with the weights (L3; T13-T15).

    im2col   row (n, i, j), column (c, p, q): x[n, c, i S + p, j S + q]; the product with w is the convolution
    col2im   its adjoint adds each number back where it came from: every pixel times the windows that hold it
    source   L3, whose code asks for rand(2, 1, 4) where it means shape (2, 1, 4, 4) (erratum E56)
    """

    images: tuple[OneImage, ...] = (Matrix(rows=FIRST), Matrix(rows=SECOND))
    filter: OneFilter = Sobel()
    stride: Count = 1

    def outline(self) -> list[str]:
        x, slide = self._parts()
        rows, columns = len(x) * int(np.prod(slide.size(x.shape))), slide.w.size
        if rows > MOST or columns > MOST:
            raise OptionError(f"gives {rows}x{columns} numbers; at most {MOST}x{MOST} are shown", "images")
        return [f"{len(x)} images of {size(x)} -> a matrix of {rows}x{columns}"]

    def run(self, engine: Engine) -> Findings:
        x, slide = self._parts()
        seen = windows(x, slide.w.shape[1:], slide.stride)
        columns = seen.transpose(0, 2, 3, 1, 4, 5).reshape(-1, slide.w.size)
        direct = engine.respond(x, [slide])[0]
        folded = np.zeros_like(x)
        for at in np.ndindex(slide.w.shape[1:]):
            windows(folded, slide.w.shape[1:], slide.stride)[..., at[0], at[1]] += seen[..., at[0], at[1]]
        arrays = {"images": x, "columns": columns, "kernel": slide.w, "direct": direct, "folded": folded}
        product = (columns * slide.w.reshape(-1)).sum(axis=1)
        return Findings(_rows(columns, direct.shape), {**arrays, "product": product})

    def _parts(self) -> tuple[np.ndarray, Slide]:
        found = [pixels(image, f"images.{index}") for index, image in enumerate(self.images)]
        if len({image.shape for image in found}) != 1:
            raise OptionError("must be one or more images of one size", "images")
        with within("filter"):
            slide = self.filter.slide(found[0], self.stride)
            if slide.pad:
                raise OptionError("im2col is shown without padding", "pad")
        return np.stack(found), slide


def _rows(columns: np.ndarray, shape: tuple[int, ...]) -> list[dict[str, Cell]]:
    places = [dict(zip(("image", "i", "j"), at, strict=True)) for at in np.ndindex(shape)]
    return [{**at, **{f"x{k}": v for k, v in enumerate(row)}} for at, row in zip(places, columns, strict=True)]
