"""Filters on a picture."""

from dataclasses import dataclass

import numpy as np

from dlab.nn.layer import Pad
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Cell, Findings
from dlab.studies.filters.demonstration import Filtering, OneFilter, OneImage
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.classic import Gaussian, HorizontalEdge, Laplacian, Mean, Sobel, VerticalEdge
from dlab.studies.filters.images.pictures import China


@DEMONSTRATIONS.register("filters")
@dataclass(frozen=True, kw_only=True)
class Filters(Filtering):
    """A picture under filters; `flip` makes cross-correlation true convolution (L0, L1; X11)."""

    image: OneImage = China()
    filters: tuple[OneFilter, ...] = (
        Mean(size=7),
        Gaussian(sigma=2.0, size=11),
        VerticalEdge(),
        HorizontalEdge(),
        Sobel(),
        Sobel(edges="horizontal"),
        Laplacian(),
    )
    pad: Pad = "same"
    flip: bool = False

    def run(self, engine: Engine) -> Findings:
        image, slides = self.slides()
        if self.flip:
            slides = [slide._replace(w=slide.w[:, ::-1, ::-1]) for slide in slides]
        found = [y[0] for y in engine.respond(image[None], slides)]
        arrays = {f"response {index}": y.astype(np.float32) for index, y in enumerate(found)}
        kernels = {f"kernel {index}": slide.w for index, slide in enumerate(slides)}
        rows = [_row(*one) for one in zip(self.filters, slides, found, strict=True)]
        return Findings(rows, {"image": image, **arrays, **kernels})


def _row(one: OneFilter, slide: Slide, y: np.ndarray) -> dict[str, Cell]:
    return {
        "filter": one.label(),
        "window": slide.w.shape[1],
        "stride": slide.stride,
        "pad": slide.pad,
        "rows": y.shape[0],
        "columns": y.shape[1],
        "least": y.min(),
        "largest": y.max(),
        "mean magnitude": np.abs(y).mean(),
    }
