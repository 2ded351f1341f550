"""The lectures' arithmetic with every number: cross-correlation, true convolution, and what a lecture prints."""

from dataclasses import dataclass

import numpy as np

from dlab.errors import OptionError
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Findings
from dlab.studies.filters.demonstration import Filtering, OneFilter, OneImage, size
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.classic import Mean, Sobel, VerticalEdge
from dlab.studies.filters.images.patterns import Step

MOST = 12  # rows and columns that can be read on a terminal


@DEMONSTRATIONS.register("numbers")
@dataclass(frozen=True, kw_only=True)
class Numbers(Filtering):
    """A small image under filters, with every number (T01-T04).

    cross-correlation   y[i,j] = sum_pq x[i S + p, j S + q] w[p,q], what networks compute (L0, L1; erratum E20)
    true convolution    the same with w turned by 180 degrees: sum_pq x[i - p, j - q] w[p,q]
    as L4 prints it     the indices of w swapped as well: turned and transposed (erratum E21)
    """

    image: OneImage = Step()
    filters: tuple[OneFilter, ...] = (VerticalEdge(), Mean(), Sobel(), Sobel(pad=1))

    def slides(self) -> tuple[np.ndarray, list[Slide]]:
        image, slides = super().slides()
        if len(image) > 1 or max(image.shape) > MOST:
            told = f"is {len(image)}x{size(image)}; numbers are shown of one channel of at most {MOST}x{MOST}"
            raise OptionError(told, "image")
        for index, slide in enumerate(slides):
            if slide.w.shape[1] != slide.w.shape[2]:
                raise OptionError("has to be square here, since its transpose is shown too", f"filters.{index}")
        return image, slides

    def run(self, engine: Engine) -> Findings:
        image, slides = self.slides()
        turned = [slide._replace(w=slide.w[:, ::-1, ::-1]) for slide in slides]
        printed = [slide._replace(w=slide.w.transpose(0, 2, 1)) for slide in turned]
        found = engine.respond(image[None], [*slides, *turned, *printed])
        arrays, count = {"input": image[0]}, len(slides)
        for index, slide in enumerate(slides):
            arrays[f"kernel {index}"] = slide.w[0]
            for kind, name in enumerate(("cross-correlation", "convolution", "printed")):
                arrays[f"{name} {index}"] = found[kind * count + index][0]
        return Findings([self._row(*pair) for pair in zip(self.filters, slides, strict=True)], arrays)

    def _row(self, one: OneFilter, slide: Slide) -> dict[str, int | str]:
        rows, columns = slide.size(self.image.pixels().shape)
        return {"filter": one.label(), "stride": slide.stride, "pad": slide.pad, "rows": rows, "columns": columns}
