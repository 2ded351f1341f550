"""Simple and complex cells of the visual cortex."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from dlab.errors import OptionError
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Findings
from dlab.studies.filters.demonstration import Demonstration
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.gabor import Wave
from dlab.studies.filters.images.patterns import Grating
from dlab.studies.filters.plane import Few
from dlab.studies.room import afford

LONGEST = 512  # pixels: a grating is a wavelength larger than the filter


@DEMONSTRATIONS.register("cells")
@dataclass(frozen=True, kw_only=True)
class Cells(Wave, Demonstration):
    """A grating drifts through one place: a simple cell answers to its phase, a complex cell to its presence.

    simple            the real (even) and the imaginary (odd) part of a Gabor filter at one place
    complex, energy   the magnitude of both: sqrt(even^2 + odd^2)
    complex, pooled   the largest even response of all places within a wavelength: simple cells at many positions
    source            L0, L4 (X15)
    """

    phases: Few = 24

    def outline(self) -> list[str]:
        if not self.f:
            raise OptionError("must be greater than 0: a grating needs a wavelength", "f")
        if self.size % 2 == 0:
            raise OptionError(f"{self.size} has no middle: an odd size is needed", "size")
        if self._reach() > LONGEST:
            raise OptionError(f"{self.f:g} is too small: a wavelength may have {LONGEST} pixels", "f")
        return [f"{self.phases} phases of a grating with wavelength {self.sigma_x / self.f:.3g} pixels"]

    def run(self, engine: Engine) -> Findings:
        phases = [360 * step / self.phases for step in range(self.phases)]
        reach = self._reach()
        grating = Grating(frequency=self.f / self.sigma_x, angle=self.theta, size=self.size + reach - 1)
        afford(8 * self.phases * grating.size**2, f"{self.phases} gratings of {grating.size}x{grating.size}")
        gratings = np.stack([replace(grating, phase=phase).pixels() for phase in phases])
        even, odd = engine.respond(gratings, [Slide(part) for part in self.pair()])
        pooled = engine.maximum(even[:, None], (reach, reach))[0].reshape(-1)
        middle = reach // 2
        simple = np.stack([even[:, middle, middle], odd[:, middle, middle]], axis=1)
        rows = [
            {"phase": phase, "even": pair[0], "odd": pair[1], "energy": np.hypot(*pair), "pooled": most}
            for phase, pair, most in zip(phases, simple, pooled, strict=True)
        ]
        return Findings(rows, {"gratings": gratings[:, 0], "real": self.values().real, "imaginary": self.values().imag})

    def _reach(self) -> int:
        """Places within a wavelength: an odd number, to have one in the middle."""
        return 2 * ceil(self.sigma_x / self.f / 2) + 1
