"""A bank of Gabor filters over orientation and spatial frequency."""

from dataclasses import dataclass, replace

import numpy as np

from dlab.errors import OptionError
from dlab.nn.layer import Positive
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Cell, Findings
from dlab.studies.filters.demonstration import Demonstration, OneImage, size, within
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.gabor import Wave
from dlab.studies.filters.images.patterns import Grating
from dlab.studies.filters.images.pictures import China
from dlab.studies.filters.plane import Few, Window


@DEMONSTRATIONS.register("bank")
@dataclass(frozen=True, kw_only=True)
class Bank(Demonstration):
    """Gabor filters of every orientation and frequency, and how strongly images drive each of them.

    response = mean over positions of |sum_pq g[p,q] x[i+p, j+q]|, which does not depend on phase; frequencies f in
    cycles per sigma_x, orientations even in 0..180 degrees; source: L0 (X12, T18)
    """

    orientations: Few = 8
    frequencies: tuple[Positive, ...] = (0.5, 0.65, 0.8, 1.0)
    sigma_x: Positive = 3.0
    sigma_y: Positive = 3.0
    size: Window = 21
    images: tuple[OneImage, ...] = (Grating(), China())

    def outline(self) -> list[str]:
        images = self._images()
        filters = f"{self.orientations} orientations x {len(self.frequencies)} frequencies of {self.size}x{self.size}"
        return [f"{filters} on {one.label()}, {size(image)}" for one, image in zip(self.images, images, strict=True)]

    def run(self, engine: Engine) -> Findings:
        waves = self.waves()
        slides = [Slide(part) for wave in waves for part in wave.pair()]
        arrays = {
            "bank": np.stack([wave.values() for wave in waves]).reshape(len(self.frequencies), -1, *[self.size] * 2)
        }
        rows = []
        for index, (one, image) in enumerate(zip(self.images, self._images(), strict=True)):
            found = engine.respond(image[None], slides)
            energy = [np.hypot(even, odd).mean() for even, odd in zip(found[::2], found[1::2], strict=True)]
            arrays[f"image {index}"] = image[0]
            rows += [_row(index, one.label(), wave, value) for wave, value in zip(waves, energy, strict=True)]
        return Findings(rows, arrays)

    def waves(self) -> list[Wave]:
        """The filters, frequency by frequency."""
        wave = Wave(sigma_x=self.sigma_x, sigma_y=self.sigma_y, size=self.size)
        angles = [180 * step / self.orientations for step in range(self.orientations)]
        return [replace(wave, f=f, theta=angle) for f in self.frequencies for angle in angles]

    def _images(self) -> list[np.ndarray]:
        if not self.frequencies or not self.images:
            raise OptionError("needs at least one frequency and one image")
        if len(set(self.frequencies)) < len(self.frequencies):
            raise OptionError("a frequency is listed twice", "frequencies")
        found = []
        for index, image in enumerate(self.images):
            with within("images", index):
                found.append(image.contrast())
                if self.size > min(found[-1].shape[1:]):
                    raise OptionError(f"{size(found[-1])} is smaller than the filters, {self.size}x{self.size}")
        return found


def _row(number: int, image: str, wave: Wave, response: float) -> dict[str, Cell]:
    pixels = {"cycles per pixel": wave.f / wave.sigma_x, "wavelength": wave.sigma_x / wave.f}
    return {"number": number, "image": image, "f": wave.f, "theta": wave.theta, **pixels, "response": response}
