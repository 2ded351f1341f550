"""Gabor's filter on a picture."""

from dataclasses import dataclass

import numpy as np

from dlab.errors import OptionError
from dlab.nn.layer import same_padding
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Findings
from dlab.studies.filters.demonstration import Demonstration, OneImage, size, within
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.gabor import Wave
from dlab.studies.filters.images.pictures import China


@DEMONSTRATIONS.register("gabor")
@dataclass(frozen=True, kw_only=True)
class GaborFilter(Wave, Demonstration):
    """A Gabor filter's real part, imaginary part and magnitude, and its responses to a picture (L0; T18, X12)."""

    image: OneImage = China()

    def outline(self) -> list[str]:
        image = self._parts()[0]
        return [f"{self.size}x{self.size}, wavelength {wavelength(self)}, on {size(image)}"]

    def run(self, engine: Engine) -> Findings:
        image, slides = self._parts()
        even, odd = (y[0] for y in engine.respond(image[None], slides))
        g = self.values()
        arrays = {"real": g.real, "imaginary": g.imag, "magnitude": np.abs(g), "image": image}
        seen = {"response real": even, "response imaginary": odd, "response magnitude": np.hypot(even, odd)}
        middle = g[self.size // 2]
        steps = [
            {"x": x - self.size // 2, "real": value.real, "imaginary": value.imag, "magnitude": abs(value)}
            for x, value in enumerate(middle)
        ]
        return Findings(steps, arrays | {name: y.astype(np.float32) for name, y in seen.items()})

    def _parts(self) -> tuple[np.ndarray, list[Slide]]:
        """The picture in grey around 0, and the two parts of the filter over it."""
        if self.size % 2 == 0:
            raise OptionError(f"{self.size} has no middle: an odd size is needed", "size")
        with within("image"):
            image = self.image.contrast()
        return image, [Slide(part, 1, same_padding(self.size, 1)) for part in self.pair()]


def wavelength(wave: Wave) -> str:
    """sigma_x / f pixels, in words (erratum E07)."""
    return f"{wave.sigma_x / wave.f:.3g} pixels" if wave.f else "infinite"
