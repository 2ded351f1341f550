"""The lectures' arithmetic with every number: cross-correlation, true convolution, and what a lecture prints."""

from dataclasses import dataclass

import numpy as np

from dlab.errors import OptionError
from dlab.nn.layer import Count, Pad
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Cell, Findings
from dlab.studies.filters.demonstration import Demonstration, OneFilter, OneImage, pixels, size, within
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.classic import Mean, Sobel, VerticalEdge
from dlab.studies.filters.images.patterns import Step

MOST = 12  # rows and columns that can be read on a terminal


@DEMONSTRATIONS.register("numbers")
@dataclass(frozen=True, kw_only=True)
class Numbers(Demonstration):
    """Small images under filters, with every number (T01-T04).

    images              one for each filter; the last one serves those that are left
    cross-correlation   y[i,j] = sum_pq x[i S + p, j S + q] w[p,q], what networks compute (L0, L1; erratum E20)
    true convolution    the same with w turned by 180 degrees: sum_pq x[i - p, j - q] w[p,q]
    as L4 prints it     the indices of w swapped as well: turned and transposed (erratum E21)
    """

    images: tuple[OneImage, ...] = (Step(), Step(high=1))
    filters: tuple[OneFilter, ...] = (VerticalEdge(), Mean(), Sobel(), Sobel(pad=1), Sobel(edges="horizontal"))
    stride: Count = 1
    pad: Pad = 0

    def outline(self) -> list[str]:
        return [
            f"{one.label()}: {size(image)} -> {size(slide.size(image.shape))}"
            for one, image, slide in zip(self.filters, *self._parts(), strict=True)
        ]

    def run(self, engine: Engine) -> Findings:
        arrays: dict[str, np.ndarray] = {}
        rows: list[dict[str, Cell]] = []
        for index, (one, image, slide) in enumerate(zip(self.filters, *self._parts(), strict=True)):
            turned = slide._replace(w=slide.w[:, ::-1, ::-1])
            printed = turned._replace(w=turned.w.transpose(0, 2, 1))
            found = [y[0] for y in engine.respond(image[None], [slide, turned, printed])]
            names = ("input", "kernel", "cross-correlation", "convolution", "printed")
            arrays |= {
                f"{name} {index}": array for name, array in zip(names, (image[0], slide.w[0], *found), strict=True)
            }
            height, width = found[0].shape
            sizes = {"stride": slide.stride, "pad": slide.pad, "rows": height, "columns": width}
            rows.append({"filter": one.label(), **sizes})
        return Findings(rows, arrays)

    def _parts(self) -> tuple[list[np.ndarray], list[Slide]]:
        """The image and the filter of each case."""
        if not self.images or not self.filters:
            raise OptionError("needs at least one image and one filter")
        images = [self._image(min(index, len(self.images) - 1)) for index in range(len(self.filters))]
        slides = []
        for index, (one, image) in enumerate(zip(self.filters, images, strict=True)):
            with within("filters", index):
                slides.append(one.slide(image, self.stride, self.pad))
                if slides[-1].w.shape[1] != slides[-1].w.shape[2]:
                    raise OptionError("has to be square here, since its transpose is shown too")
        return images, slides

    def _image(self, index: int) -> np.ndarray:
        image = pixels(self.images[index], f"images.{index}")
        if len(image) > 1 or max(image.shape) > MOST:
            told = f"is {len(image)}x{size(image)}; numbers are shown of one channel of at most {MOST}x{MOST}"
            raise OptionError(told, f"images.{index}")
        return image
