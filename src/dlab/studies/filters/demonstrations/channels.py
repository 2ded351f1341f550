"""A colour image is a box: every channel has its own weights, and the results add up."""

from dataclasses import dataclass

import numpy as np

from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Findings
from dlab.studies.filters.demonstration import Demonstration, OneFilter, OneImage, pixels, size, within
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.own import Kernel
from dlab.studies.filters.images.patterns import Constant

# The kernels that L4 prints; a lone 0.1 beside them is unexplained, perhaps a bias.
LECTURE = tuple((row,) * 3 for row in ((0.5, -0.5, -0.5), (-0.3, 0.4, -0.3), (0.0, -0.8, 0.7)))
COLOURS = ("red", "green", "blue")


@DEMONSTRATIONS.register("channels")
@dataclass(frozen=True, kw_only=True)
class Channels(Demonstration):
    """What each channel adds to a response: y = sum_c y_c, y_c[i,j] = sum_pq x[c, i+p, j+q] w[c,p,q] (L0, L4; T20)."""

    image: OneImage = Constant()
    filter: OneFilter = Kernel(channels=LECTURE, title="L4's colour kernel")

    def outline(self) -> list[str]:
        image, slide = self._slide()
        return [f"{self.filter.label()}: {len(image)} channels of {size(image)} -> {size(slide.size(image.shape))}"]

    def run(self, engine: Engine) -> Findings:
        image, slide = self._slide()
        alone = [slide._replace(w=slide.w * mask[:, None, None]) for mask in np.eye(len(image))]
        found = [y[0] for y in engine.respond(image[None], [*alone, slide])]
        names = [*(COLOURS if len(image) == 3 else map(str, range(len(image)))), "sum"]
        rows = [{"channel": name, "first response": y[0, 0]} for name, y in zip(names, found, strict=True)]
        return Findings(rows, {"image": image, "kernel": slide.w, "responses": np.stack(found)})

    def _slide(self) -> tuple[np.ndarray, Slide]:
        image = pixels(self.image)
        with within("filter"):
            return image, self.filter.slide(image)
